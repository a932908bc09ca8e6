package stack

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
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

// BackUpTrack copies the database track_users as it is; one copy is kept. Nobody may be connected to it.
func (s *Stack) BackUpTrack(ctx context.Context) error {
	return s.asAdmin(ctx, `CREATE DATABASE backup TEMPLATE track_users`)
}

// RestoreTrack puts the copy in the place of the database. Nobody may be connected to either.
func (s *Stack) RestoreTrack(ctx context.Context) error {
	return s.asAdmin(ctx, `DROP DATABASE track_users`, `CREATE DATABASE track_users TEMPLATE backup`)
}

func (s *Stack) asAdmin(ctx context.Context, statements ...string) error {
	conn, err := pgx.Connect(ctx, s.Postgres.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect as administrator: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost with it
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}
