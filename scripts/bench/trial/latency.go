package trial

import (
	"context"
	"errors"
	"time"

	"ordertrack/scripts/bench/load"
	"ordertrack/scripts/bench/rig"
)

// Of an open load whose orders are followed to their counter: one in so many is, and it is asked for this often.
const (
	followedOf = 20
	askPause   = time.Millisecond
)

func (b *Bench) latency() Experiment {
	return Experiment{Name: Latency, Variants: []Variant{
		b.respond(Ours, orderService), b.respond(Naive, naive), b.withWatermill(b.respond(OutboxLib, watermill)),
	}}
}

func (b *Bench) open(service *rig.Service, lasts time.Duration) load.Open {
	return load.Open{
		Target: load.Target{Addr: service.API, Users: users}, Clients: b.plan.Clients, Rate: b.plan.Rate,
		WarmUp: b.plan.WarmUp, Lasts: lasts,
	}
}

// respond is a variant that takes orders at a fixed rate.
func (b *Bench) respond(name string, s subject) Variant {
	return Variant{Name: name, Measure: func(ctx context.Context) (figures Figures, err error) {
		err = b.onFresh(ctx, s, func(_ ground, service *rig.Service) error {
			latencies, err := b.open(service, b.plan.Lasts).Run(ctx)
			if err == nil {
				figures = b.latencies(Latency, name, latencies)
			}
			return err
		})
		return figures, err
	}}
}

func (b *Bench) following() Experiment {
	return Experiment{Name: Following, Variants: []Variant{
		b.follow(Ours, orderService, rig.Spec{Program: rig.TrackUsers}),
		b.withWatermill(b.follow(OutboxLib, watermill, rig.Spec{Program: rig.Watermill, Ready: health, Env: []string{"ROLE=users"}})),
	}}
}

// follow is a variant of the whole system, with both its services, at a fixed rate.
func (b *Bench) follow(name string, orders subject, counts rig.Spec) Variant {
	return Variant{Name: name, Measure: func(ctx context.Context) (figures Figures, err error) {
		err = b.onFresh(ctx, orders, func(g ground, service *rig.Service) error {
			return b.counted(ctx, g, counts, func(counting *rig.Service) error {
				latencies, err := load.Followed{
					Open: b.open(service, b.plan.Lasts), Counters: counting.API, Every: followedOf, Pause: askPause, Run: g.topic,
				}.Measure(ctx)
				if err == nil {
					figures = b.latencies(Following, name, latencies)
				}
				return err
			})
		})
		return figures, err
	}}
}

// counted runs what counts a ground's events, with a database of its own, while do is under way.
func (b *Bench) counted(ctx context.Context, g ground, spec rig.Spec, do func(counting *rig.Service) error) (err error) {
	database, drop, err := b.rig.Database(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop(context.WithoutCancel(ctx))) }()
	spec.Env = append(b.environment(database, g.topic, g.topic), spec.Env...)
	counting, err := b.rig.Run(ctx, spec)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, counting.Kill()) }()
	return do(counting)
}
