package matrix

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/shared/backoff"
)

// kills end processes.
func kills() []Cell {
	return []Cell{
		{
			Name: "kill-both-services", Does: "SIGKILL of order_service and track_users under load, both started again",
			Shows: shows(evidence.Once(evidence.Killed(orderService)), evidence.Once(evidence.Killed(trackUsers))),
			Do:    killBothServices,
		},
		{
			Name: "term-both-services", Does: "SIGTERM of order_service and track_users under load, both started again",
			Shows: shows(evidence.Once(evidence.Stopped(orderService)), evidence.Once(evidence.Stopped(trackUsers))),
			Do:    termBothServices, Orderly: true,
		},
		{
			Name: "term-order-service", Does: "SIGTERM of order_service under load, started again",
			Shows: shows(evidence.Once(evidence.Stopped(orderService))),
			Do:    inTheMiddle(ordersOf((*stack.Service).Stop)), Orderly: true, Noticed: true,
		},
		{
			Name: "kill-track-users", Does: "SIGKILL of track_users under load, started again",
			Shows: shows(evidence.Once(evidence.Killed(trackUsers))),
			Do:    inTheMiddle(trackOf(func(s *stack.Service, _ context.Context) error { return s.Kill() })), Answered: true,
		},
		{
			Name: "term-track-users", Does: "SIGTERM of track_users under load, started again",
			Shows: shows(evidence.Once(evidence.Stopped(trackUsers))),
			Do:    inTheMiddle(trackOf((*stack.Service).Stop)), Orderly: true, Answered: true,
		},
		{
			Name: "term-broker", Does: "SIGTERM of the broker under load, started again",
			Shows: shows(evidence.Once(evidence.Stopped(stack.BrokerName))),
			Do: inTheMiddle(func(ctx context.Context, s *stack.Stack) error {
				return errors.Join(s.Broker.Stop(ctx), s.Broker.Restart(ctx))
			}), Answered: true,
		},
		{
			Name: "kill-broker", Does: "SIGKILL of the broker under load, started again after a quarter of the orders",
			Shows: shows(evidence.Once(evidence.Killed(stack.BrokerName))),
			Do:    killBroker,
		},
		{
			Name: "broker-away", Does: "SIGKILL of the broker under load, started again after 8 s, when events were given up",
			Shows: shows(evidence.Once(evidence.Killed(stack.BrokerName))),
			Do:    brokerAway, Answered: true,
		},
		{
			Name: "kill-order-service-often", Does: "SIGKILL of order_service ten times under load, started again each time",
			Shows: shows(evidence.Times(10, evidence.Killed(orderService))),
			Do:    killOrderServiceOften,
		},
		{
			Name:  "kill-order-service-without-broker",
			Shows: shows(evidence.Once(evidence.Killed(stack.BrokerName)), evidence.Once(evidence.Killed(orderService))),
			Does:  "SIGKILL of the broker under load, then of order_service, which starts before the broker is back",
			Do:    killOrderServiceWithoutBroker,
		},
	}
}

// inTheMiddle does something when half of the orders are settled.
func inTheMiddle(what func(context.Context, *stack.Stack) error) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		return inSteps(ctx, load, step{0.5, func() error { return what(ctx, system) }})
	}
}

func ordersOf(end func(*stack.Service, context.Context) error) func(context.Context, *stack.Stack) error {
	return func(ctx context.Context, s *stack.Stack) error {
		return errors.Join(end(s.Orders[0], ctx), s.Orders[0].Start())
	}
}

func trackOf(end func(*stack.Service, context.Context) error) func(context.Context, *stack.Stack) error {
	return func(ctx context.Context, s *stack.Stack) error {
		return errors.Join(end(s.Track[0], ctx), s.Track[0].Start())
	}
}

func killBothServices(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.5); err != nil {
		return err
	}
	if err := errors.Join(system.Orders[0].Kill(), system.Track[0].Kill()); err != nil {
		return err
	}
	return errors.Join(system.Orders[0].Start(), system.Track[0].Start())
}

func termBothServices(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.5); err != nil {
		return err
	}
	var both errgroup.Group
	both.Go(func() error { return system.Orders[0].Stop(ctx) })
	both.Go(func() error { return system.Track[0].Stop(ctx) })
	if err := both.Wait(); err != nil {
		return err
	}
	return errors.Join(system.Orders[0].Start(), system.Track[0].Start())
}

// killBroker lets orders come in while the broker is away: they need no broker to be taken.
func killBroker(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	return inSteps(ctx, load,
		step{0.4, system.Broker.Kill},
		step{0.65, func() error { return system.Broker.Restart(ctx) }})
}

// brokerAway lasts longer than the tries of the producer: what it gave up is for the relay to send again.
func brokerAway(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	return inSteps(ctx, load,
		step{0.3, system.Broker.Kill},
		step{0.3, func() error { return backoff.Sleep(ctx, 8*time.Second) }},
		step{0.3, func() error { return system.Broker.Restart(ctx) }})
}

// killOrderServiceOften kills at moments that the seed draws, so that many runs hit many of them.
func killOrderServiceOften(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	return often(ctx, load, 10, func(*rand.Rand) error {
		return errors.Join(system.Orders[0].Kill(), system.Orders[0].Start())
	})
}

// often does something n times, at moments that the seed draws.
func often(ctx context.Context, load *workload.Load, n int, do func(*rand.Rand) error) error {
	random := rand.New(rand.NewPCG(load.Seed(), uint64(n)))
	for i := range n {
		if err := load.Await(ctx, (float64(i)+random.Float64())/float64(n)); err != nil {
			return err
		}
		if err := do(random); err != nil {
			return err
		}
	}
	return nil
}

// killOrderServiceWithoutBroker leaves orders that were stored but could not be published to the next process.
func killOrderServiceWithoutBroker(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	return inSteps(ctx, load,
		step{0.3, system.Broker.Kill},
		step{0.5, system.Orders[0].Kill},
		step{0.5, system.Orders[0].Start},
		step{0.7, func() error { return system.Broker.Restart(ctx) }})
}
