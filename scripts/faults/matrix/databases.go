package matrix

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
)

const ours = `application_name IN ('order_service', 'track_users')`

// databases make PostgreSQL itself difficult.
func databases() []Cell {
	return []Cell{
		{
			Name: "postgres-sessions-ended", Does: "pg_terminate_backend of one session of the services at random, forty times under load",
			Do: sessionsEnded, Answered: true,
		},
		{
			Name: "postgres-stopped-at-once", Does: "immediate stop of PostgreSQL under load, started again after 2 s",
			Do: stoppedAtOnce, Answered: true,
		},
		{
			Name: "postgres-full", Does: "a stranger takes all of PostgreSQL's connections for 4 s, and the services' sessions are ended",
			Do: fullOfStrangers, Needs: stack.Needs{Postgres: map[string]string{"max_connections": "40"}}, Answered: true,
		},
		{
			Name: "order-log-locked", Does: "a stranger locks order_log for 3 s under load",
			Do: locked(func(s *stack.Stack) string { return s.Databases().Orders }, "order_log"), Answered: true,
		},
		{
			Name: "lane-marks-locked", Does: "a stranger locks lane_mark for 3 s under load",
			Do: locked(func(s *stack.Stack) string { return s.Databases().Track }, "lane_mark"), Answered: true,
		},
	}
}

func sessionsEnded(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	return often(ctx, load, 40, func(*rand.Rand) error {
		return terminate(ctx, system.Databases().Orders,
			`pid IN (SELECT pid FROM pg_stat_activity WHERE `+ours+` ORDER BY random() LIMIT 1)`)
	})
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
func stoppedAtOnce(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	return inSteps(ctx, load, step{0.5, func() error {
		if err := system.StopPostgresAtOnce(ctx); err != nil {
			return err
		}
		return errors.Join(wait(ctx, 2*time.Second), system.Postgres.Restart(ctx))
	}})
}

// locked holds a lock that nobody else can pass.
func locked(url func(*stack.Stack) string, table string) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.4); err != nil {
			return err
		}
		return connected(ctx, url(system), func(conn *pgx.Conn) error {
			return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
					return err
				}
				return wait(ctx, 3*time.Second)
			})
		})
	}
}

// fullOfStrangers takes what is free, then ends a session of the services and takes its place, until none is left.
func fullOfStrangers(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.4); err != nil {
		return err
	}
	url := system.Databases().Orders
	var taken []*pgx.Conn
	defer func() {
		for _, conn := range taken {
			_ = conn.Close(context.WithoutCancel(ctx))
		}
	}()
	over := time.Now().Add(4 * time.Second)
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
			return errors.New("the services have all connections themselves")
		}
		_, err = taken[0].Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE `+ours+` LIMIT 1`)
		if err := errors.Join(err, wait(ctx, askPeriod)); err != nil {
			return fmt.Errorf("end a session: %w", err)
		}
	}
	return nil
}
