package matrix

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/scripts/localstack/postgres"
	"ordertrack/scripts/verify/audit"
)

// restores put the orders database back to an earlier state. What was acknowledged since then is gone, and nothing else.
func restores() []Cell {
	return []Cell{
		{
			Name:  "orders-restored",
			Shows: shows(evidence.Times(2, evidence.Stopped(orderService)), evidence.Once(evidence.PutBack)),
			Does:  "the orders database put back to a copy from the middle of the load while order_service is down",
			Do: ordersRestored(func(ctx context.Context, system *stack.Stack) (stop, start func() error) {
				service := system.Orders[0]
				return func() error { return service.Stop(ctx) }, service.Start
			}), Forgetting: true,
		},
		{
			Name:  "orders-restored-under-the-service",
			Shows: shows(evidence.Once(evidence.Terminated(orderService)), evidence.Once(evidence.PutBack)),
			Does:  "the orders database put back to a copy from the middle of the load under order_service, which loses its sessions and runs on",
			Do: ordersRestored(func(context.Context, *stack.Stack) (stop, start func() error) {
				return nothing, nothing
			}), Forgetting: true,
		},
		{
			Name: "orders-file-copy", Does: "all files of the orders PostgreSQL put back to an earlier copy: only the marks of track_users tell",
			Shows: shows(evidence.Once(evidence.PutBack)),
			Do:    ordersFileCopy, Forgetting: true,
		},
		{
			Name: "orders-pitr", Does: "the orders PostgreSQL brought forward from an earlier copy to a restore point under load",
			Shows: shows(evidence.Once(evidence.PutBack)),
			Do:    ordersPITR, Needs: stack.Needs{Archive: true}, Forgetting: true,
		},
	}
}

// putBack freezes the load, has the orders put back, and forgives what is gone. Its parts come in this order.
func putBack(ctx context.Context, system *stack.Stack, load *workload.Load, before, restore, after func() error) error {
	cut, thaw := load.Freeze()
	defer thaw()
	if err := before(); err != nil {
		return err
	}
	if err := restore(); err != nil {
		return err
	}
	last, err := lastOrder(ctx, system)
	if err != nil {
		return err
	}
	load.Forgive(cut, last)
	return after()
}

func lastOrder(ctx context.Context, system *stack.Stack) (last int64, err error) {
	err = connected(ctx, system.URL(stack.OrdersSide), func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT last_id FROM order_log`).Scan(&last)
	})
	return last, err
}

func nothing() error { return nil }

// ordersRestored puts a copy back between what is done to the service before and after that.
func ordersRestored(around func(context.Context, *stack.Stack) (stop, start func() error)) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		stop, start := around(ctx, system)
		return inSteps(ctx, load,
			step{0.3, func() error {
				if err := system.Orders[0].Stop(ctx); err != nil {
					return err
				}
				return errors.Join(system.BackUp(ctx, stack.OrdersSide), system.Orders[0].Start())
			}},
			step{0.7, func() error {
				return putBack(ctx, system, load, stop, func() error { return system.Restore(ctx, stack.OrdersSide) }, start)
			}})
	}
}

// stoppedCopy copies the files of the orders PostgreSQL.
func stoppedCopy(ctx context.Context, system *stack.Stack) (copied postgres.Backup, err error) {
	service, server := system.Orders[0], system.Postgres[stack.OrdersSide]
	if err := errors.Join(service.Stop(ctx), server.Stop(ctx)); err != nil {
		return postgres.Backup{}, err
	}
	if copied, err = server.BackUp(ctx); err != nil {
		return postgres.Backup{}, err
	}
	return copied, errors.Join(server.Restart(ctx), service.Start())
}

// ordersFileCopy waits until track_users has read all: otherwise nobody could tell, and the command would be needed.
func ordersFileCopy(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	service, server := system.Orders[0], system.Postgres[stack.OrdersSide]
	var copied postgres.Backup
	return inSteps(ctx, load,
		step{0.3, func() (err error) {
			copied, err = stoppedCopy(ctx, system)
			return err
		}},
		step{0.7, func() error {
			return putBack(ctx, system, load, func() error {
				if err := audit.AwaitRest(ctx, system.Databases()); err != nil {
					return err
				}
				return errors.Join(service.Stop(ctx), server.Stop(ctx))
			}, func() error {
				return errors.Join(meddled(system, evidence.PutBack, server.PutBack(ctx, copied)), server.Restart(ctx))
			}, service.Start)
		}})
}

// ordersPITR makes the point while orders come in: nobody knows which of them it has.
func ordersPITR(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	service, server := system.Orders[0], system.Postgres[stack.OrdersSide]
	tell := func(sql string) error {
		return connected(ctx, system.URL(stack.OrdersSide), func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, sql)
			return err
		})
	}
	var copied postgres.Backup
	return inSteps(ctx, load,
		step{0.2, func() (err error) {
			copied, err = stoppedCopy(ctx, system)
			return err
		}},
		step{0.5, func() error { return tell(`SELECT pg_create_restore_point('here')`) }},
		step{0.7, func() error {
			return putBack(ctx, system, load, func() error {
				return errors.Join(service.Stop(ctx), tell(`SELECT pg_switch_wal()`), server.Stop(ctx))
			}, func() error {
				return errors.Join(meddled(system, evidence.PutBack, server.Rewind(ctx, copied, "here")), server.Restart(ctx))
			}, service.Start)
		}})
}
