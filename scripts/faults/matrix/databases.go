package matrix

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/shared/backoff"
)

const ours = `application_name IN ('order_service', 'track_users')`

// databases make the PostgreSQL of one side difficult.
func databases() []Cell {
	return slices.Concat(eachSide(difficult), []Cell{
		{
			Name: "order-log-locked", Does: "a stranger locks order_log for 3 s under load",
			Do: locked(stack.OrdersSide, "order_log"), Answered: true,
		},
		{
			Name: "lane-marks-locked", Does: "a stranger locks lane_mark for 3 s under load",
			Do: locked(stack.TrackSide, "lane_mark"), Answered: true,
		},
	})
}

func difficult(side stack.Side) []Cell {
	few := stack.Needs{Postgres: map[string]string{"max_connections": "40"}}
	return slices.Concat(ofSide(side, stack.Needs{},
		Cell{Name: "postgres-killed", Does: "SIGKILL of %s under load, started again", Do: killed(side)},
		Cell{
			Name: "postgres-stopped-at-once", Does: "immediate stop of %s under load, started again after 2 s",
			Do: stoppedAtOnce(side), Answered: true,
		},
		Cell{
			Name: "postgres-stopped", Does: "fast stop of %s under load, started again",
			Do: inTheMiddle(func(ctx context.Context, s *stack.Stack) error {
				return errors.Join(s.Postgres[side].Stop(ctx), s.Postgres[side].Restart(ctx))
			}), Answered: true,
		},
		Cell{
			Name: "postgres-impatient", Does: "%s ends each statement after 1 ms, by statement_timeout, for 3 s under load",
			Do: impatient(side), Answered: true,
		},
		Cell{
			Name: "postgres-paused", Does: "SIGSTOP of %s and all its sessions under load for 4 s, then SIGCONT",
			Do: paused(4*time.Second, func(ctx context.Context, s *stack.Stack) (func() error, error) {
				return s.PausePostgres(ctx, side)
			}), Answered: true,
		},
		Cell{
			Name: "postgres-sessions-ended",
			Does: "pg_terminate_backend in %s of one session of the service at random, twenty times under load",
			Do:   sessionsEnded(side), Answered: true,
		}), ofSide(side, few,
		Cell{
			Name: "postgres-full", Does: "a stranger takes all connections of %s for 4 s, and the service's sessions are ended",
			Do: fullOfStrangers(side), Answered: true,
		}))
}

// impatient needs a setting that sessions take while they live, unless they have one of their own.
func impatient(side stack.Side) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.4); err != nil {
			return err
		}
		return connected(ctx, system.URL(side), func(conn *pgx.Conn) error {
			tell := func(statements ...string) error {
				for _, sql := range append([]string{"SET statement_timeout = 0"}, statements...) {
					if _, err := conn.Exec(ctx, sql); err != nil {
						return err
					}
				}
				return nil
			}
			before, err := rollbacks(ctx, conn)
			if err != nil {
				return err
			}
			err = tell("ALTER SYSTEM SET statement_timeout = '1ms'", "SELECT pg_reload_conf()")
			err = errors.Join(err, backoff.Sleep(ctx, 3*time.Second), tell("ALTER SYSTEM RESET statement_timeout", "SELECT pg_reload_conf()"))
			if err != nil {
				return err
			}
			return until(ctx, func() (bool, error) { // without any, the fault was none
				after, err := rollbacks(ctx, conn)
				return after > before, err
			})
		})
	}
}

// rollbacks are how many transactions failed, as far as their sessions have told yet.
func rollbacks(ctx context.Context, conn *pgx.Conn) (n int64, err error) {
	err = conn.QueryRow(ctx, `SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()`).Scan(&n)
	return n, err
}

func killed(side stack.Side) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		server := system.Postgres[side]
		return inSteps(ctx, load, step{0.5, server.Kill}, step{0.5, func() error { return server.Restart(ctx) }})
	}
}

func sessionsEnded(side stack.Side) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		return often(ctx, load, 20, func(*rand.Rand) error {
			return terminate(ctx, system.URL(side),
				`pid IN (SELECT pid FROM pg_stat_activity WHERE `+ours+` ORDER BY random() LIMIT 1)`)
		})
	}
}

// terminate ends the sessions that a condition holds for.
func terminate(ctx context.Context, url, condition string) error {
	return connected(ctx, url, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE `+condition)
		return err
	})
}

func connected(ctx context.Context, url string, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect a stranger: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return do(conn)
}

// stoppedAtOnce ends PostgreSQL and its sessions by SIGQUIT, as "pg_ctl stop -m immediate" does.
func stoppedAtOnce(side stack.Side) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		return inSteps(ctx, load, step{0.5, func() error {
			if err := system.StopPostgresAtOnce(ctx, side); err != nil {
				return err
			}
			return errors.Join(backoff.Sleep(ctx, 2*time.Second), system.Postgres[side].Restart(ctx))
		}})
	}
}

// locked holds a lock that nobody else can pass.
func locked(side stack.Side, table string) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.4); err != nil {
			return err
		}
		return connected(ctx, system.URL(side), func(conn *pgx.Conn) error {
			return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
					return err
				}
				return backoff.Sleep(ctx, 3*time.Second)
			})
		})
	}
}

func fullOfStrangers(side stack.Side) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.4); err != nil {
			return err
		}
		return takeAll(ctx, system.URL(side), 4*time.Second)
	}
}

// takeAll takes what is free, then ends a session of the service and takes its place, until none is left.
func takeAll(ctx context.Context, url string, limit time.Duration) error {
	var taken []*pgx.Conn
	defer func() {
		for _, conn := range taken {
			_ = conn.Close(context.WithoutCancel(ctx))
		}
	}()
	over := time.Now().Add(limit)
	for time.Now().Before(over) {
		conn, err := pgx.Connect(ctx, url)
		if err == nil {
			taken = append(taken, conn)
			continue
		}
		if answer, ok := errors.AsType[*pgconn.PgError](err); !ok || answer.Code != "53300" { // too many connections
			return fmt.Errorf("take a connection: %w", err)
		}
		if len(taken) == 0 {
			return errors.New("the service has all connections themselves")
		}
		_, err = taken[0].Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE `+ours+` LIMIT 1`)
		if err := errors.Join(err, backoff.Sleep(ctx, askPeriod)); err != nil {
			return fmt.Errorf("end a session: %w", err)
		}
	}
	return nil
}
