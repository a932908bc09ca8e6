package trial

import (
	"context"
	"errors"
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
	if err := errors.Join(b.rush(ctx), b.calm(ctx)); err != nil {
		return fmt.Errorf("warm the broker: %w", err)
	}
	return nil
}

func (b *Bench) rush(ctx context.Context) error {
	return b.onFresh(ctx, naive, func(g ground, service *rig.Service) error {
		return b.counted(ctx, g, rig.Spec{Program: rig.TrackUsers}, func(*rig.Service) error {
			_, err := load.Closed{
				Target:  load.Target{Addr: service.API, Users: users},
				Clients: b.plan.Clients, Lasts: b.plan.WarmBroker,
			}.Run(ctx, func() (func() error, error) { return func() error { return nil }, nil })
			return err
		})
	})
}

func (b *Bench) calm(ctx context.Context) error {
	limit := time.Now().Add(4 * b.plan.WarmBroker)
	return b.onFresh(ctx, orderService, func(g ground, service *rig.Service) error {
		return b.counted(ctx, g, rig.Spec{Program: rig.TrackUsers}, func(*rig.Service) error {
			for time.Now().Before(limit) {
				begin := time.Now()
				before, err := rig.Compiling(b.rig.Broker.PID())
				if err != nil {
					return err
				}
				if _, err := b.open(service, calmLook).Run(ctx); err != nil {
					return err
				}
				after, err := rig.Compiling(b.rig.Broker.PID())
				if err != nil || float64(after-before) < calmPart*float64(time.Since(begin)) {
					return err
				}
			}
			return nil
		})
	})
}
