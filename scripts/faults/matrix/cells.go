package matrix

import (
	"context"
	"errors"

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
			Do: termBothServices, Clear: true,
		},
		{
			Name: "kill-broker", Does: "SIGKILL of the broker under load, started again after a quarter of the orders",
			Do: killBroker,
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

func killPostgres(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.5); err != nil {
		return err
	}
	if err := system.Postgres.Kill(); err != nil {
		return err
	}
	return system.Postgres.Restart(ctx)
}
