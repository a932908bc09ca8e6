package matrix

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/shared/backoff"
)

// impatient needs a setting that sessions take while they live, unless they have one of their own. However fast the
// machine is, some statements take longer than that: those that wait for a lock of the stranger's.
func impatient(side stack.Side) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.4); err != nil {
			return err
		}
		enough := load.Sustain()
		defer enough()
		return connected(ctx, system.URL(side), func(conn *pgx.Conn) error {
			tell := func(statement string) error { return configure(ctx, conn, "SET statement_timeout = 0", statement) }
			err := tell("ALTER SYSTEM SET statement_timeout = '1ms'")
			err = errors.Join(err, lockedUntil(ctx, conn, tableOf(side), func() (bool, error) {
				ended, err := system.Postgres[side].Said(stack.TimedOut)
				return ended > 0, err
			}))
			err = errors.Join(err, backoff.Sleep(ctx, 3*time.Second), tell("ALTER SYSTEM RESET statement_timeout"))
			if err != nil {
				return err
			}
			ended, err := system.Postgres[side].Said(stack.TimedOut)
			system.Seen.Saw(evidence.TimedOut(side.Postgres()), int64(ended))
			return err
		})
	}
}

// lockedUntil holds a lock that nobody else can pass, until there is an answer.
func lockedUntil(ctx context.Context, conn *pgx.Conn, table string, ask func() (bool, error)) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
			return err
		}
		return until(ctx, ask)
	})
}

// configure runs statements, and has the server read its settings anew.
func configure(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	for _, sql := range append(statements, "SELECT pg_reload_conf()") {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// tableOf is what all transactions of a side's service lock.
func tableOf(side stack.Side) string {
	if side == stack.OrdersSide {
		return "order_log"
	}
	return "lane_mark"
}

// locked holds a lock that nobody else can pass.
func locked(side stack.Side) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.4); err != nil {
			return err
		}
		return connected(ctx, system.URL(side), func(conn *pgx.Conn) error {
			return lockedUntil(ctx, conn, tableOf(side), func() (bool, error) {
				return true, errors.Join(awaitWaiter(ctx, system, side), backoff.Sleep(ctx, 3*time.Second))
			})
		})
	}
}

// awaitWaiter waits until a session of the service waits for a lock that a stranger has.
func awaitWaiter(ctx context.Context, system *stack.Stack, side stack.Side) error {
	const sql = `SELECT count(*) FROM pg_stat_activity WHERE ` + ours + ` AND cardinality(pg_blocking_pids(pid)) > 0`
	return connected(ctx, system.URL(side), func(conn *pgx.Conn) error {
		return until(ctx, func() (bool, error) {
			var waiting int64
			err := conn.QueryRow(ctx, sql).Scan(&waiting)
			system.Seen.Saw(evidence.Waited(side.Service()), waiting)
			return waiting > 0, err
		})
	})
}

// lockedOut has PostgreSQL end each wait for a lock that a stranger holds.
func lockedOut(side stack.Side) do {
	hold := locked(side)
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		tell := func(statement string) error {
			return connected(ctx, system.URL(side), func(conn *pgx.Conn) error { return configure(ctx, conn, statement) })
		}
		if err := tell(`ALTER SYSTEM SET lock_timeout = '100ms'`); err != nil {
			return err
		}
		if err := errors.Join(hold(ctx, system, load), tell(`ALTER SYSTEM RESET lock_timeout`)); err != nil {
			return err
		}
		ended, err := system.Postgres[side].Said(stack.LockTimedOut)
		system.Seen.Saw(evidence.LockTimedOut(side.Postgres()), int64(ended))
		return err
	}
}
