package trial

import (
	"context"
	"fmt"
	"time"

	"ordertrack/scripts/bench/load"
	"ordertrack/scripts/bench/rig"
)

// While the broker calms down, its compilers are looked at so often. They rest when they take less than this part of a core.
const (
	calmLook = 5 * time.Second
	calmPart = 0.05
)

// warm keeps the broker busy before anything is measured. Apache Kafka's code is compiled as it runs: for its first minutes
// a request costs up to three times what it costs later, and compiling takes a core that all share. What sends the most
// requests, one for each order, and what fetches them, get it there the fastest. Then the whole system runs as it does when
// it is measured, until the compilers rest, or for four times as long.
func (b *Bench) warm(ctx context.Context) error {
	if b.plan.WarmBroker == 0 {
		return nil
	}
	err := b.warmWith(ctx, naive, b.rush)
	if err == nil {
		err = b.warmWith(ctx, orderService, b.calm)
	}
	if err != nil {
		return fmt.Errorf("warm the broker: %w", err)
	}
	return nil
}

// warmWith runs what takes orders, and what counts them, under a load.
func (b *Bench) warmWith(ctx context.Context, s subject, load func(context.Context, *rig.Service) error) error {
	return b.onFresh(ctx, s, func(g ground, service *rig.Service) error {
		return b.counted(ctx, g, rig.Spec{Program: rig.TrackUsers}, func(*rig.Service) error { return load(ctx, service) })
	})
}

func (b *Bench) rush(ctx context.Context, service *rig.Service) error {
	_, err := load.Closed{
		Target:  load.Target{Addr: service.API, Users: users},
		Clients: b.plan.Clients, Lasts: b.plan.WarmBroker,
	}.Run(ctx, func() (func() error, error) { return func() error { return nil }, nil })
	return err
}

func (b *Bench) calm(ctx context.Context, service *rig.Service) error {
	broker := b.rig.Broker.PID()
	before, err := rig.Compiling(broker)
	if err != nil {
		return err
	}
	for limit := time.Now().Add(4 * b.plan.WarmBroker); time.Now().Before(limit); {
		begin := time.Now()
		if _, err := b.open(service, calmLook).Run(ctx); err != nil {
			return err
		}
		after, err := rig.Compiling(broker)
		if err != nil || float64(after-before) < calmPart*float64(time.Since(begin)) {
			return err
		}
		before = after
	}
	return nil
}
