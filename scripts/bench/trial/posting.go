package trial

import (
	"context"
	"fmt"
	"maps"

	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/bench/load"
	"ordertrack/scripts/bench/rig"
)

// Variants of the experiments with orders.
const (
	Ours      = "order_service"
	Hot       = "order_service, one name"
	Roof      = "ceiling"
	Naive     = "naive"
	Alone     = "naive without Kafka"
	OutboxLib = "Watermill"
	PGBench   = "pgbench"
	FullTable = "order_service, full table"
)

// users is how many different names order, unless said.
const users = 10_000

func (b *Bench) posting() Experiment {
	return Experiment{Name: Posting, Variants: []Variant{
		b.post(Posting, Ours, orderService, b.plan.Clients, users),
		b.post(Posting, Hot, orderService, b.plan.Clients, 1),
		b.post(Posting, Roof, ceiling, b.plan.Clients, users),
		b.post(Posting, Naive, naive, b.plan.Clients, users),
		b.withWatermill(b.post(Posting, OutboxLib, watermill, b.plan.Clients, users)),
		b.pgbench(),
	}}
}

func (b *Bench) single() Experiment {
	return Experiment{Name: Single, Variants: []Variant{
		b.post(Single, Ours, orderService, 1, users),
		b.post(Single, Alone, naiveAlone, 1, users),
	}}
}

func (b *Bench) withWatermill(v Variant) Variant {
	v.Prepare = b.rig.BuildWatermill
	return v
}

// post is a variant that takes orders as fast as it can, in a closed loop.
func (b *Bench) post(experiment, name string, s subject, clients, names int) Variant {
	return Variant{Name: name, Measure: func(ctx context.Context) (figures Figures, err error) {
		err = b.onFresh(ctx, s, func(g ground, service *rig.Service) error {
			var rate load.Rate
			figures, rate, err = b.loadFully(ctx, experiment+"-"+name, s, service, clients, names)
			if err != nil || s.program == rig.Ceiling {
				return err
			}
			return b.countRows(ctx, g.database, `SELECT count(*) FROM orders`, rate.Orders)
		})
		return figures, err
	}}
}

// loadFully applies the closed load and reads what it cost.
func (b *Bench) loadFully(
	ctx context.Context, profile string, s subject, service *rig.Service, clients, names int,
) (Figures, load.Rate, error) {
	var (
		before, after costs
		profiling     errgroup.Group
	)
	rate, err := load.Closed{
		Target:  load.Target{Addr: service.API, Users: names},
		Clients: clients, WarmUp: b.plan.WarmUp, Lasts: b.plan.Lasts,
	}.Run(ctx, func() (stop func() error, err error) {
		if before, err = b.costsOf(ctx, service, s.watched); err != nil {
			return nil, err
		}
		if s.watched {
			profiling.Go(func() error { return b.rig.Profile(ctx, service, profile, b.plan.Lasts) })
		}
		return func() (err error) {
			after, err = b.costsOf(ctx, service, s.watched)
			return err
		}, nil
	})
	if err != nil {
		return nil, rate, fmt.Errorf("%s: %w", service.Name, err)
	}
	if err := profiling.Wait(); err != nil {
		return nil, rate, err
	}
	figures := Figures{PerSecond: rate.PerSecond(), LoadCPU: perUnit(rate.CPU, float64(rate.Orders))}
	maps.Copy(figures, after.since(before, float64(rate.Orders)))
	return figures, rate, addPeak(figures, service)
}
