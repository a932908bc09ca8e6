package trial

import (
	"context"
	"fmt"

	"ordertrack/scripts/bench/load"
	"ordertrack/scripts/bench/rig"
)

// warm keeps the broker busy before anything is measured. Apache Kafka's code is compiled as it runs: for its first minutes
// a request costs up to three times what it costs later, and compiling takes a core that all share. What sends the most
// requests, one for each order, and what fetches them, get it there the fastest.
func (b *Bench) warm(ctx context.Context) error {
	if b.plan.WarmBroker == 0 {
		return nil
	}
	err := b.onFresh(ctx, naive, func(g ground, service *rig.Service) error {
		return b.counted(ctx, g, rig.Spec{Program: rig.TrackUsers}, func(*rig.Service) error {
			_, err := load.Closed{
				Target:  load.Target{Addr: service.API, Users: users},
				Clients: b.plan.Clients, Lasts: b.plan.WarmBroker,
			}.Run(ctx, func() (func() error, error) { return func() error { return nil }, nil })
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("warm the broker: %w", err)
	}
	return nil
}
