package matrix

import (
	"context"
	"errors"

	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
)

// replicas have several processes of a service.
func replicas() []Cell {
	two := stack.Needs{Orders: 2, Track: 2}
	return []Cell{
		{
			Name: "kill-one-of-two", Does: "SIGKILL of one of two order_service and one of two track_users under load, started again",
			Do: killOneOfTwo, Needs: two,
		},
		{
			Name: "kill-two-of-three", Does: "SIGKILL of two of three order_service and two of three track_users under load, started again",
			Do: killTwoOfThree, Needs: stack.Needs{Orders: 3, Track: 3}, Noticed: true,
		},
		{
			Name: "rolling-restart", Does: "SIGTERM of two order_service and two track_users under load, one after the other, each started again",
			Do: rollingRestart, Needs: two, Orderly: true,
		},
		{
			Name: "scale-track-users", Does: "from one track_users to three under load, and back to one of the new ones",
			Do: scaleTrackUsers, Orderly: true, Answered: true,
		},
	}
}

func killOneOfTwo(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	random := chance(load)
	orders, track := system.Orders[random.IntN(2)], system.Track[random.IntN(2)]
	return inSteps(ctx, load,
		step{0.3, orders.Kill},
		step{0.4, track.Kill},
		step{0.7, func() error { return errors.Join(orders.Start(), track.Start()) }})
}

// killTwoOfThree leaves it to the seed who stays.
func killTwoOfThree(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	random := chance(load)
	var gone []*stack.Service
	for _, fleet := range []stack.Fleet{system.Orders, system.Track} {
		stays := random.IntN(len(fleet))
		gone = append(append(gone, fleet[:stays]...), fleet[stays+1:]...)
	}
	each := func(do func(*stack.Service) error) func() error {
		return func() error {
			errs := make([]error, 0, len(gone))
			for _, service := range gone {
				errs = append(errs, do(service))
			}
			return errors.Join(errs...)
		}
	}
	return inSteps(ctx, load, step{0.3, each((*stack.Service).Kill)}, step{0.7, each((*stack.Service).Start)})
}

// rollingRestart goes on when a replica is ready again, as orchestrators do.
func rollingRestart(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	order := []*stack.Service{system.Orders[0], system.Track[0], system.Orders[1], system.Track[1]}
	for i, service := range order {
		if err := load.Await(ctx, 0.1+0.2*float64(i)); err != nil {
			return err
		}
		if err := service.Stop(ctx); err != nil {
			return err
		}
		if err := service.Start(); err != nil {
			return err
		}
		if err := service.WaitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}

func scaleTrackUsers(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	track := system.Track
	return inSteps(ctx, load,
		step{0.2, track[1].Start},
		step{0.3, track[2].Start},
		step{0.3, func() error { return errors.Join(track[1].WaitReady(ctx), track[2].WaitReady(ctx)) }},
		step{0.5, func() error { return track[0].Retire(ctx) }},
		step{0.7, func() error { return track[1].Retire(ctx) }})
}
