package trial

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/bench/rig"
)

// full compares the service on an empty table with itself on a full one.
func (b *Bench) full() Experiment {
	var g ground
	return Experiment{
		Name: Full,
		Variants: []Variant{
			b.post(Full, Ours, orderService, b.plan.Clients, users),
			{
				Name:    FullTable,
				Prepare: func(ctx context.Context) (err error) { g, err = b.fullGround(ctx); return err },
				Measure: func(ctx context.Context) (figures Figures, err error) {
					if err := b.settle(ctx, g.database); err != nil {
						return nil, err
					}
					err = b.on(ctx, g, orderService, func(service *rig.Service) error {
						figures, _, err = b.loadFully(ctx, Full+"-"+FullTable, orderService, service, b.plan.Clients, users)
						return err
					})
					return figures, err
				},
			},
		},
		Close: func(ctx context.Context) error {
			if g.clear == nil {
				return nil
			}
			return g.clear(ctx)
		},
	}
}

// fullGround has the service make its tables, and fills them with orders that are all published. Their names and notes are
// as long as those of the load; a lane is not that of the name, which nothing here depends on.
func (b *Bench) fullGround(ctx context.Context) (ground, error) {
	const (
		orders = `INSERT INTO orders (id, name, note, created_at, lane, sequence, traceparent)
			SELECT n, 'user ' || lpad((n % 10000)::text, 7, '0'), 'a note of usual length', clock_timestamp(), (n - 1) % 64,
				(n - 1) / 64 + 1, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'
			FROM generate_series(1, $1::bigint) AS n`
		heads = `UPDATE order_lane SET head = (SELECT coalesce(max(sequence), 0) FROM orders o WHERE o.lane = order_lane.lane)`
		last  = `UPDATE order_log SET last_id = $1`
	)
	g, err := b.freshGround(ctx)
	if err != nil {
		return g, err
	}
	if err := b.on(ctx, g, orderService, func(*rig.Service) error { return nil }); err != nil {
		return g, errors.Join(err, g.clear(ctx))
	}
	err = b.rig.Query(ctx, g.database, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, orders, b.plan.Table); err != nil {
			return fmt.Errorf("fill the table: %w", err)
		}
		if _, err := conn.Exec(ctx, heads); err != nil {
			return fmt.Errorf("set the heads: %w", err)
		}
		if _, err := conn.Exec(ctx, last, b.plan.Table); err != nil {
			return fmt.Errorf("set the last id: %w", err)
		}
		_, err := conn.Exec(ctx, `VACUUM ANALYZE orders`)
		return err
	})
	if err != nil {
		return g, errors.Join(err, g.clear(ctx))
	}
	return g, nil
}

// settle lets the next measurement begin without a backlog of the one before: its events were measured then.
func (b *Bench) settle(ctx context.Context, database string) error {
	err := b.rig.Query(ctx, database, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `UPDATE relay_cursor SET published = (SELECT last_id FROM order_log)`)
		return err
	})
	if err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	return b.rig.Checkpoint(ctx)
}
