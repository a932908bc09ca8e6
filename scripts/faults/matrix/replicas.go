package matrix

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/shared/backoff"
)

// replicas have several processes of a service.
func replicas() []Cell {
	two := stack.Needs{Orders: 2, Track: 2}
	return []Cell{
		{
			Name: "kill-one-of-two", Does: "SIGKILL of one of two order_service and one of two track_users under load, started again",
			Shows: shows(evidence.Once(evidence.Killed(orderService)), evidence.Once(evidence.Killed(trackUsers))),
			Do:    killOneOfTwo, Needs: two,
		},
		{
			Name: "kill-two-of-three", Does: "SIGKILL of two of three order_service and two of three track_users under load, started again",
			Shows: shows(evidence.Times(2, evidence.Killed(orderService)), evidence.Times(2, evidence.Killed(trackUsers))),
			Do:    killTwoOfThree, Needs: stack.Needs{Orders: 3, Track: 3}, Noticed: true,
		},
		{
			Name: "rolling-restart", Does: "SIGTERM of two order_service and two track_users under load, one after the other, each started again",
			Shows: shows(evidence.Times(2, evidence.Stopped(orderService)), evidence.Times(2, evidence.Stopped(trackUsers))),
			Do:    rollingRestart, Needs: two, Orderly: true,
		},
		{
			Name: "scale-track-users", Does: "from one track_users to three under load, and back to one of the new ones",
			Shows: shows(evidence.Times(2, evidence.Joined), evidence.Times(2, evidence.Stopped(trackUsers))),
			Do:    scaleTrackUsers, Orderly: true, Answered: true,
		},
		{
			Name:  "scale-order-service",
			Does:  "from one order_service to three under load, SIGTERM of the first one, which is started again, and back to that one",
			Shows: shows(evidence.Times(3, evidence.Stopped(orderService)), evidence.Times(2, evidence.Succeeded)),
			Do:    scaleOrderService, Orderly: true,
		},
		{
			Name:  "pause-one-of-three-track-users",
			Does:  "SIGSTOP of one of three track_users under load for longer than every session timeout, then SIGCONT",
			Shows: shows(evidence.AtLeast(evidence.Paused(trackUsers), everySession), evidence.Once(evidence.Expelled)),
			Do: pauseOneOfThree(everySession, func(_ context.Context, system *stack.Stack, random *rand.Rand) (*stack.Service, error) {
				return system.Track[random.IntN(len(system.Track))], nil
			}), Needs: stack.Needs{Track: 3}, Answered: true,
		},
		{
			Name:  "pause-one-of-three-order-services",
			Does:  "SIGSTOP of one of three order_service, by the seed the one that leads, for longer than every limit it has, then SIGCONT",
			Shows: shows(evidence.AtLeast(evidence.Paused(orderService), everyLimit)),
			Do: pauseOneOfThree(everyLimit, func(ctx context.Context, system *stack.Stack, random *rand.Rand) (*stack.Service, error) {
				lead := random.IntN(2) == 0
				for _, service := range system.Orders {
					if leads, err := service.Leads(ctx); err != nil || leads == lead {
						return service, err
					}
				}
				return system.Orders[0], nil
			}), Needs: stack.Needs{Orders: 3},
		},
	}
}

// pauseOneOfThree has the clients go on meanwhile.
func pauseOneOfThree(limit time.Duration, choose func(context.Context, *stack.Stack, *rand.Rand) (*stack.Service, error)) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.3); err != nil {
			return err
		}
		enough := load.Sustain()
		defer enough()
		zombie, err := choose(ctx, system, chance(load))
		if err != nil {
			return err
		}
		if err := zombie.Pause(); err != nil {
			return err
		}
		return errors.Join(backoff.Sleep(ctx, limit), expelled(ctx, system, len(system.Track.Running())-1), zombie.Continue())
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

// joined waits until new consumers are ready, and until the group has them, too.
func joined(ctx context.Context, system *stack.Stack, replicas []*stack.Service) error {
	for _, replica := range replicas {
		if err := replica.WaitReady(ctx); err != nil {
			return err
		}
	}
	who, err := system.Stranger(ctx)
	if err != nil {
		return err
	}
	err = until(ctx, func() (bool, error) {
		members, err := who.Members()
		return members == 1+len(replicas), err
	})
	if err == nil {
		system.Seen.Saw(evidence.Joined, int64(len(replicas)))
	}
	return err
}

// scaleOrderService has the relay's lead go to one of the new replicas, and back. The clients know the first one alone.
func scaleOrderService(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	first, others := system.Orders[0], system.Orders[1:]
	lead := func(of ...*stack.Service) func() error {
		return func() error {
			err := until(ctx, func() (bool, error) { return anyLeads(ctx, of) })
			if err == nil {
				system.Seen.Saw(evidence.Succeeded, 1)
			}
			return err
		}
	}
	return inSteps(ctx, load,
		step{0.2, func() error { return errors.Join(others[0].Start(), others[1].Start()) }},
		step{0.3, func() error { return errors.Join(others[0].WaitReady(ctx), others[1].WaitReady(ctx)) }},
		step{0.4, func() error { return first.Stop(ctx) }},
		step{0.4, lead(others...)},
		step{0.4, first.Start},
		step{0.7, func() error { return errors.Join(others[0].Retire(ctx), others[1].Retire(ctx)) }},
		step{0.7, lead(first)})
}

func anyLeads(ctx context.Context, services []*stack.Service) (bool, error) {
	for _, service := range services {
		if leads, err := service.Leads(ctx); leads || err != nil {
			return leads, err
		}
	}
	return false, nil
}

func scaleTrackUsers(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	track := system.Track
	return inSteps(ctx, load,
		step{0.2, track[1].Start},
		step{0.3, track[2].Start},
		step{0.3, func() error { return joined(ctx, system, track[1:]) }},
		step{0.5, func() error { return track[0].Retire(ctx) }},
		step{0.7, func() error { return track[1].Retire(ctx) }})
}
