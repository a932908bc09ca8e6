package matrix

import (
	"context"
	"errors"
	"math/rand/v2"

	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
)

// Cells are all cells of the matrix.
func Cells() []Cell {
	return []Cell{
		{
			Name: "kill-both-services", Does: "SIGKILL of order_service and track_users under load, both started again",
			Do: killBothServices,
		},
		{
			Name: "term-both-services", Does: "SIGTERM of order_service and track_users under load, both started again",
			Do: termBothServices, Orderly: true,
		},
		{
			Name: "kill-broker", Does: "SIGKILL of the broker under load, started again after a quarter of the orders",
			Do: killBroker,
		},
		{
			Name: "kill-order-service-often", Does: "SIGKILL of order_service ten times under load, started again each time",
			Do: killOrderServiceOften,
		},
		{
			Name: "kill-order-service-without-broker",
			Does: "SIGKILL of the broker under load, then of order_service, which starts before the broker is back",
			Do:   killOrderServiceWithoutBroker,
		},
		{
			Name: "kill-postgres", Does: "SIGKILL of PostgreSQL under load, started again",
			Do: killPostgres,
		},
	}
}

func killBothServices(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.5); err != nil {
		return err
	}
	if err := errors.Join(system.Orders.Kill(), system.Track.Kill()); err != nil {
		return err
	}
	return errors.Join(system.Orders.Start(), system.Track.Start())
}

func termBothServices(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.5); err != nil {
		return err
	}
	var both errgroup.Group
	both.Go(func() error { return system.Orders.Stop(ctx) })
	both.Go(func() error { return system.Track.Stop(ctx) })
	if err := both.Wait(); err != nil {
		return err
	}
	return errors.Join(system.Orders.Start(), system.Track.Start())
}

// killBroker lets orders come in while the broker is away: they need no broker to be taken.
func killBroker(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.4); err != nil {
		return err
	}
	if err := system.Broker.Kill(); err != nil {
		return err
	}
	if err := load.Await(ctx, 0.65); err != nil {
		return err
	}
	return system.Broker.Restart(ctx)
}

// killOrderServiceOften kills at moments that the seed draws, so that many runs hit many of them.
func killOrderServiceOften(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	const kills = 10
	random := rand.New(rand.NewPCG(load.Seed(), kills))
	for i := range kills {
		if err := load.Await(ctx, (float64(i)+random.Float64())/kills); err != nil {
			return err
		}
		if err := errors.Join(system.Orders.Kill(), system.Orders.Start()); err != nil {
			return err
		}
	}
	return nil
}

// killOrderServiceWithoutBroker leaves orders that were stored but could not be published to the next process.
func killOrderServiceWithoutBroker(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	steps := []struct {
		part float64
		do   func() error
	}{
		{0.3, system.Broker.Kill},
		{0.5, system.Orders.Kill},
		{0.5, system.Orders.Start},
		{0.7, func() error { return system.Broker.Restart(ctx) }},
	}
	for _, step := range steps {
		if err := load.Await(ctx, step.part); err != nil {
			return err
		}
		if err := step.do(); err != nil {
			return err
		}
	}
	return nil
}

func killPostgres(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.5); err != nil {
		return err
	}
	if err := system.Postgres.Kill(); err != nil {
		return err
	}
	return system.Postgres.Restart(ctx)
}
