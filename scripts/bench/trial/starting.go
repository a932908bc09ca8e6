package trial

import (
	"context"
	"errors"
	"time"

	"ordertrack/scripts/bench/rig"
)

// Services that are started.
const (
	OrdersProgram = "order_service"
	UsersProgram  = "track_users"
)

func (b *Bench) starting() Experiment {
	orders, users := b.start(OrdersProgram), b.start(UsersProgram)
	return Experiment{Name: Starting, Variants: []Variant{orders.Variant, users.Variant}, Close: func(ctx context.Context) error {
		return errors.Join(orders.close(ctx), users.close(ctx))
	}}
}

type started struct {
	Variant

	close func(context.Context) error
}

// start is a service that is started on a database and a topic that it has used before, as on every start but the first.
func (b *Bench) start(program string) started {
	var g ground
	run := func(ctx context.Context) (time.Duration, error) {
		service, err := b.rig.Run(ctx, rig.Spec{Program: program, Env: b.environment(g.database, g.topic, g.topic)})
		if err != nil {
			return 0, err
		}
		return service.Ready, service.Stop(ctx)
	}
	return started{
		Variant: Variant{
			Name: program,
			Prepare: func(ctx context.Context) (err error) {
				if g, err = b.freshGround(ctx); err != nil {
					return err
				}
				_, err = run(ctx)
				return err
			},
			Measure: func(ctx context.Context) (Figures, error) {
				ready, err := run(ctx)
				if err != nil {
					return nil, err
				}
				size, err := b.rig.Size(program)
				return Figures{ReadyAfter: ready.Seconds() * 1000, Binary: float64(size) / mega}, err
			},
		},
		close: func(ctx context.Context) error {
			if g.clear == nil {
				return nil
			}
			return g.clear(ctx)
		},
	}
}
