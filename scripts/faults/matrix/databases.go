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

	"ordertrack/scripts/faults/evidence"
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
			Shows: shows(evidence.Once(evidence.Waited(orderService))),
			Do:    locked(stack.OrdersSide), Answered: true,
		},
		{
			Name: "lane-marks-locked", Does: "a stranger locks lane_mark for 3 s under load",
			Shows: shows(evidence.Once(evidence.Waited(trackUsers))),
			Do:    locked(stack.TrackSide), Answered: true,
		},
		{
			Name:  "lane-marks-locked-out",
			Does:  "a stranger locks lane_mark for 3 s under load, and PostgreSQL ends each wait for it after 100 ms, by lock_timeout",
			Shows: shows(evidence.Once(evidence.Waited(trackUsers)), evidence.Once(evidence.LockTimedOut(stack.TrackSide.Postgres()))),
			Do:    lockedOut(stack.TrackSide), Answered: true,
		},
		{
			Name:  "order-log-locked-out",
			Does:  "a stranger locks order_log for 3 s under load, and PostgreSQL ends each wait for it after 1 s, as order_service asks for",
			Shows: shows(evidence.Once(evidence.Waited(orderService)), evidence.Once(evidence.LockTimedOut(stack.OrdersSide.Postgres()))),
			Do:    lockedOut(stack.OrdersSide), Answered: true,
		},
	})
}

func difficult(side stack.Side) []Cell {
	few := stack.Needs{Postgres: map[string]string{"max_connections": "40"}}
	return slices.Concat(ofSide(side, stack.Needs{},
		Cell{
			Name: "postgres-killed", Does: "SIGKILL of %s under load, started again",
			Shows: shows(evidence.Once(evidence.Killed(side.Postgres()))),
			Do:    killed(side),
		},
		Cell{
			Name: "postgres-stopped-at-once", Does: "immediate stop of %s under load, started again after 2 s",
			Shows: shows(evidence.Once(evidence.StoppedAtOnce(side.Postgres()))),
			Do:    stoppedAtOnce(side), Answered: true,
		},
		Cell{
			Name: "postgres-stopped", Does: "fast stop of %s under load, started again",
			Shows: shows(evidence.Once(evidence.Stopped(side.Postgres()))),
			Do: inTheMiddle(func(ctx context.Context, s *stack.Stack) error {
				return errors.Join(s.Postgres[side].Stop(ctx), s.Postgres[side].Restart(ctx))
			}), Answered: true,
		},
		Cell{
			Name:  "postgres-stopped-smartly",
			Does:  "SIGTERM of %s under load: it takes no new sessions; those of the service are ended one by one, it ends, and is started again",
			Shows: shows(evidence.Once(evidence.StoppedSmartly(side.Postgres())), evidence.Once(evidence.Terminated(side.Service()))),
			Do:    smartStop(side), Answered: true,
		},
		Cell{
			Name:  "postgres-impatient",
			Does:  "%s ends each statement after 1 ms, by statement_timeout, for 3 s under load, the first ones while they wait for a lock",
			Shows: shows(evidence.Once(evidence.TimedOut(side.Postgres()))),
			Do:    impatient(side), Answered: true,
		},
		Cell{
			Name:  "postgres-paused",
			Does:  "SIGSTOP of %s and all its sessions under load for longer than every session timeout, then SIGCONT",
			Shows: shows(evidence.AtLeast(evidence.Paused(side.Postgres()), everySession), evidence.Once(evidence.Unready)),
			Do: paused(everySession, func(ctx context.Context, s *stack.Stack) (func() error, error) {
				resume, err := s.PausePostgres(ctx, side)
				return func() error { return errors.Join(saysUnready(ctx, s, side), resume()) }, err
			}), Noticed: side == stack.OrdersSide, Answered: side == stack.TrackSide,
		},
		Cell{
			Name:  "postgres-sessions-ended",
			Shows: shows(evidence.Times(20, evidence.Terminated(side.Service()))),
			Does:  "pg_terminate_backend in %s of one session of the service at random, twenty times under load",
			Do:    sessionsEnded(side), Answered: true,
		}), ofSide(side, few,
		Cell{
			Name: "postgres-full", Does: "a stranger takes all connections of %s for 4 s, and the service's sessions are ended",
			Shows: shows(evidence.Once(evidence.Crowded(side.Service()))),
			Do:    fullOfStrangers(side), Answered: true,
		}))
}

// saysUnready waits until the side's service says that it cannot do its job.
func saysUnready(ctx context.Context, system *stack.Stack, side stack.Side) error {
	if err := system.Fleet(side)[0].WaitUnready(ctx); err != nil {
		return err
	}
	system.Seen.Saw(evidence.Unready, 1)
	return nil
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
			return until(ctx, func() (bool, error) { // for a moment there may be none
				ended, err := terminate(ctx, system.URL(side),
					`pid IN (SELECT pid FROM pg_stat_activity WHERE `+ours+` ORDER BY random() LIMIT 1)`)
				system.Seen.Saw(evidence.Terminated(side.Service()), ended)
				return ended > 0, err
			})
		})
	}
}

// terminate ends the sessions that a condition holds for, and tells how many there were.
func terminate(ctx context.Context, url, condition string) (ended int64, err error) {
	err = connected(ctx, url, func(conn *pgx.Conn) error {
		const sql = `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity WHERE `
		return conn.QueryRow(ctx, sql+condition).Scan(&ended)
	})
	return ended, err
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

// smartStop tells PostgreSQL by SIGTERM to take no new sessions and to end with the last one that it has. Those of the
// service are ended one by one, and the stranger's own at last.
func smartStop(side stack.Side) do {
	return inTheMiddle(func(ctx context.Context, system *stack.Stack) error {
		conn, err := pgx.Connect(ctx, system.URL(side))
		if err != nil {
			return fmt.Errorf("connect a stranger: %w", err)
		}
		end := func() error {
			const one = `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM (
				SELECT pid FROM pg_stat_activity WHERE ` + ours + ` LIMIT 1) AS one`
			defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
			return until(ctx, func() (bool, error) {
				var ended int64
				err := conn.QueryRow(ctx, one).Scan(&ended)
				system.Seen.Saw(evidence.Terminated(side.Service()), ended)
				return ended == 0, err
			})
		}
		return errors.Join(system.StopPostgresSmartly(ctx, side, end), system.Postgres[side].Restart(ctx))
	})
}

func fullOfStrangers(side stack.Side) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.4); err != nil {
			return err
		}
		return takeAll(ctx, system, side, 4*time.Second)
	}
}

// takeAll takes what is free, then ends a session of the service and takes its place, until none is left.
func takeAll(ctx context.Context, system *stack.Stack, side stack.Side, limit time.Duration) error {
	var taken []*pgx.Conn
	defer func() {
		for _, conn := range taken {
			_ = conn.Close(context.WithoutCancel(ctx))
		}
	}()
	over := time.Now().Add(limit)
	for time.Now().Before(over) {
		conn, err := pgx.Connect(ctx, system.URL(side))
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
		var left int64 // when all are taken
		err = taken[0].QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE `+ours).Scan(&left)
		if err == nil && left == 0 {
			system.Seen.Saw(evidence.Crowded(side.Service()), 1)
		}
		_, more := taken[0].Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE `+ours+` LIMIT 1`)
		if err := errors.Join(err, more, backoff.Sleep(ctx, askPeriod)); err != nil {
			return fmt.Errorf("end a session: %w", err)
		}
	}
	return nil
}
