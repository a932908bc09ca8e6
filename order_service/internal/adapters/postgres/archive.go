package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ordertrack/order_service/internal/domain"
)

// marks are what the receiver has applied, turned on its side: one array a column.
type marks struct {
	logs    []string
	lanes   []int16
	applied []int64
}

func marksOf(applied domain.Applied) marks {
	var m marks
	for logID, lanes := range applied {
		for lane, sequence := range lanes {
			if lane < 0 || lane >= domain.Lanes {
				continue
			}
			m.logs = append(m.logs, logID)
			m.lanes = append(m.lanes, int16(lane))
			m.applied = append(m.applied, sequence)
		}
	}
	return m
}

// Lacking looks up, for each lane of each log, whether the event next to be applied is published: one look into the
// index each.
func (t *turn) Lacking(ctx context.Context, applied domain.Applied) ([]domain.Place, error) {
	const sql = `
		WITH ` + parts + `, next AS (
			SELECT log_id, lane, base, base + coalesce(applied, 0) + 1 AS sequence
			FROM part LEFT JOIN unnest($1::text[], $2::smallint[], $3::bigint[]) AS mark (log_id, lane, applied)
				USING (log_id, lane)
			WHERE coalesce(applied, 0) < head - base
		)
		SELECT next.log_id, next.lane, next.sequence - next.base
		FROM next JOIN orders o ON o.lane = next.lane AND o.sequence = next.sequence
		WHERE o.id <= (SELECT published FROM relay_cursor WHERE single)`
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	m := marksOf(applied)
	rows, err := t.conn.Query(ctx, sql, m.logs, m.lanes, m.applied)
	if err != nil {
		return nil, fmt.Errorf("look for events that lack: %w", err)
	}
	places, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (domain.Place, error) {
		var place domain.Place
		err := row.Scan(&place.LogID, &place.Lane, &place.Sequence)
		return place, err
	})
	if err != nil {
		return nil, fmt.Errorf("look for events that lack: %w", err)
	}
	return places, nil
}

// From reads published events of one lane of one log.
func (t *turn) From(ctx context.Context, place domain.Place, limit int) ([]domain.Placed, error) {
	const sql = `
		WITH ` + parts + `
		SELECT o.id, o.name, o.created_at, o.traceparent, part.log_id, o.lane, o.sequence - part.base
		FROM part JOIN orders o ON o.lane = part.lane AND o.sequence >= part.base + $3 AND o.sequence <= part.head
		WHERE part.log_id = $1 AND part.lane = $2 AND o.id <= (SELECT published FROM relay_cursor WHERE single)
		ORDER BY o.sequence
		LIMIT $4`
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	rows, err := t.conn.Query(ctx, sql, place.LogID, place.Lane, place.Sequence, limit)
	if err != nil {
		return nil, fmt.Errorf("read a lane: %w", err)
	}
	placed, err := pgx.CollectRows(rows, toPlaced)
	if err != nil {
		return nil, fmt.Errorf("read a lane: %w", err)
	}
	return placed, nil
}
