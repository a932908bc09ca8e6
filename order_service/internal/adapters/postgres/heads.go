package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ordertrack/order_service/internal/domain"
)

// Heads reads how far each lane of each log goes. It implements reading.Heads. One statement is one moment; a log that is
// there has 64 lanes, and a former one those that it has orders in.
func (o *Orders) Heads(ctx context.Context) (domain.Heads, error) {
	const sql = `
		WITH ` + parts + `
		SELECT clock_timestamp(), last_id, published, log_id, lane, part.head - part.base, log_id <> order_log.id::text
		FROM part CROSS JOIN order_log CROSS JOIN relay_cursor
		ORDER BY log_id <> order_log.id::text, log_id, lane, base`
	var heads domain.Heads
	err := o.read(ctx, func(ctx context.Context) error {
		rows, err := o.pool.Query(ctx, sql)
		if err != nil {
			return err
		}
		heads.Lanes, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (lane domain.LaneHead, err error) {
			err = row.Scan(&heads.At, &heads.Orders, &heads.Published, &lane.LogID, &lane.Lane, &lane.Head, &lane.Former)
			return lane, err
		})
		return err
	})
	heads.At = heads.At.UTC()
	return heads, err
}
