package stack

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/faults/evidence"
)

// Retransmitted is how many events the order_service processes that run now have published again.
func (s *Stack) Retransmitted(ctx context.Context) (int64, error) {
	var sum int64
	for _, service := range s.Orders.Running() {
		events, err := service.counter(ctx, "order_service_relay_retransmitted_total")
		if err != nil {
			return 0, err
		}
		sum += events
	}
	return sum, nil
}

// BackUp copies the database of a side as it is; one copy is kept. Sessions that are left are ended: PostgreSQL copies no
// database that somebody is connected to.
func (s *Stack) BackUp(ctx context.Context, side Side) error {
	const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'`
	return s.asAdmin(ctx, side, func(conn *pgx.Conn) error {
		return execute(ctx, conn, fmt.Sprintf(end, side.Database()), `CREATE DATABASE backup TEMPLATE `+side.Database())
	})
}

// Restore puts the copy in the place of the database, under a service that is connected as well: its sessions are ended,
// and are evidence.
func (s *Stack) Restore(ctx context.Context, side Side) error {
	const sessions = `SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = $2`
	return s.asAdmin(ctx, side, func(conn *pgx.Conn) error {
		var ended int64
		if err := conn.QueryRow(ctx, sessions, side.Database(), side.Service()).Scan(&ended); err != nil {
			return fmt.Errorf("count the sessions: %w", err)
		}
		err := execute(ctx, conn, `DROP DATABASE `+side.Database()+` WITH (FORCE)`, `CREATE DATABASE `+side.Database()+` TEMPLATE backup`)
		if err == nil {
			s.Seen.Saw(evidence.Terminated(side.Service()), ended)
			s.Seen.Saw(evidence.PutBack, 1)
		}
		return err
	})
}

// Applied is how many events of logs track_users has applied, by its marks.
func (s *Stack) Applied(ctx context.Context) (events int64, err error) {
	conn, err := pgx.Connect(ctx, s.Postgres[TrackSide].URL(TrackSide.Database()))
	if err != nil {
		return 0, fmt.Errorf("connect to the marks: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost with it
	if err := conn.QueryRow(ctx, `SELECT coalesce(sum(applied), 0)::bigint FROM lane_mark`).Scan(&events); err != nil {
		return 0, fmt.Errorf("read the marks: %w", err)
	}
	return events, nil
}

func (s *Stack) asAdmin(ctx context.Context, side Side, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.Postgres[side].URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect as administrator: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost with it
	return do(conn)
}

func execute(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}
