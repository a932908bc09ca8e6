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
)

const day = 24 * time.Hour

// clocks move the one clock that all replicas share: that of the databases, by which orders are dated.
func clocks() []Cell {
	return []Cell{{
		Name:  "clocks-moved",
		Does:  "the clocks of both databases one day ahead, two days behind, 400 days ahead and right again, while a replica restarts",
		Shows: shows(evidence.Once(evidence.Misdated), evidence.Once(evidence.Stopped(orderService))),
		Do:    clocksMoved, Needs: stack.Needs{Orders: 2}, Answered: true,
	}}
}

func clocksMoved(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	move := func(by time.Duration) func() error {
		return func() error {
			return errors.Join(moveClock(ctx, system.URL(stack.OrdersSide), by), moveClock(ctx, system.URL(stack.TrackSide), by))
		}
	}
	// What a new process clears away, it must not judge by the age that things seem to have.
	restart := func() error { return errors.Join(system.Orders[1].Stop(ctx), system.Orders[1].Start()) }
	return inSteps(ctx, load,
		step{0, func() error {
			return errors.Join(ownClock(ctx, system, stack.OrdersSide), ownClock(ctx, system, stack.TrackSide))
		}},
		step{0.2, move(day)},
		step{0.4, move(-2 * day)},
		step{0.6, move(400 * day)},
		step{0.7, restart},
		step{0.8, move(0)},
		step{1, func() error { return misdated(ctx, system) }})
}

// ownClock puts functions of ours before PostgreSQL's where its sessions look for them. Those that there are end.
func ownClock(ctx context.Context, system *stack.Stack, side stack.Side) error {
	statements := []string{
		`CREATE SCHEMA clock`,
		`CREATE TABLE clock.ahead AS SELECT interval '0' AS by`,
		`CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
			AS 'SELECT pg_catalog.clock_timestamp() + by FROM clock.ahead'`,
		`CREATE FUNCTION clock.now() RETURNS timestamptz STABLE LANGUAGE sql AS 'SELECT pg_catalog.now() + by FROM clock.ahead'`,
		`ALTER DATABASE ` + side.Database() + ` SET search_path = public, clock, pg_catalog`,
	}
	err := connected(ctx, system.URL(side), func(conn *pgx.Conn) error {
		for _, sql := range statements {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	})
	_, more := terminate(ctx, system.URL(side), ours)
	return errors.Join(err, more)
}

func moveClock(ctx context.Context, url string, by time.Duration) error {
	return connected(ctx, url, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `UPDATE clock.ahead SET by = $1`, by)
		return err
	})
}

// misdated makes sure that orders carry each of the wrong dates: without any, the fault was none.
func misdated(ctx context.Context, system *stack.Stack) error {
	const sql = `
		SELECT count(*) FILTER (WHERE off > interval '300 days'),
			count(*) FILTER (WHERE off > interval '12 hours' AND off < interval '300 days'),
			count(*) FILTER (WHERE off < interval '-1 day'), count(*) FILTER (WHERE back)
		FROM (SELECT created_at - pg_catalog.now() AS off, created_at < lag(created_at) OVER (ORDER BY id) AS back FROM orders) AS dated`
	return connected(ctx, system.URL(stack.OrdersSide), func(conn *pgx.Conn) error {
		var far, ahead, behind, turns int
		if err := conn.QueryRow(ctx, sql).Scan(&far, &ahead, &behind, &turns); err != nil {
			return fmt.Errorf("look at the orders' dates: %w", err)
		}
		if far == 0 || ahead == 0 || behind == 0 || turns < 2 {
			return fmt.Errorf("the fault was none: %d orders far ahead, %d ahead, %d behind, %d older than the one before",
				far, ahead, behind, turns)
		}
		system.Seen.Saw(evidence.Misdated, int64(far+ahead+behind))
		return nil
	})
}
