package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ordertrack/order_service/internal/domain"
)

// Lacking looks up, for each lane, whether the event next to be applied is published: one look into the index each.
func (t *turn) Lacking(ctx context.Context, applied domain.Applied) ([]domain.Place, error) {
	const sql = `
		SELECT o.lane, o.sequence
		FROM unnest($1::smallint[], $2::bigint[]) AS next (lane, sequence)
		JOIN orders o ON o.lane = next.lane AND o.sequence = next.sequence
		WHERE o.id <= (SELECT published FROM relay_cursor WHERE single)`
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var logID string
	if err := t.conn.QueryRow(ctx, `SELECT id::text FROM order_log WHERE single`).Scan(&logID); err != nil {
		return nil, fmt.Errorf("read the log's id: %w", err)
	}
	lanes, sequences := make([]int16, domain.Lanes), make([]int64, domain.Lanes)
	for lane := range domain.Lanes {
		lanes[lane], sequences[lane] = int16(lane), applied[logID][lane]+1
	}
	rows, err := t.conn.Query(ctx, sql, lanes, sequences)
	if err != nil {
		return nil, fmt.Errorf("look for events that lack: %w", err)
	}
	places, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (domain.Place, error) {
		place := domain.Place{LogID: logID}
		err := row.Scan(&place.Lane, &place.Sequence)
		return place, err
	})
	if err != nil {
		return nil, fmt.Errorf("look for events that lack: %w", err)
	}
	return places, nil
}

// From reads published events of one lane.
func (t *turn) From(ctx context.Context, place domain.Place, limit int) ([]domain.Placed, error) {
	const sql = `
		SELECT id, name, created_at, lane, sequence, traceparent, (SELECT id::text FROM order_log WHERE single)
		FROM orders
		WHERE lane = $1 AND sequence >= $2 AND id <= (SELECT published FROM relay_cursor WHERE single)
		ORDER BY sequence
		LIMIT $3`
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	rows, err := t.conn.Query(ctx, sql, place.Lane, place.Sequence, limit)
	if err != nil {
		return nil, fmt.Errorf("read a lane: %w", err)
	}
	placed, err := pgx.CollectRows(rows, toPlaced)
	if err != nil {
		return nil, fmt.Errorf("read a lane: %w", err)
	}
	return placed, nil
}
