package pgdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Batcher sends a batch: a pool, a connection, or a transaction.
type Batcher interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// CollectPlanned runs a query with a plan made for its arguments, even where the session's plan_cache_mode is to make
// plans once for all, and collects its rows. A page of a list is read from an index's end or by a scan, by what is asked for.
func CollectPlanned[T any](ctx context.Context, on Batcher, row pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	batch := &pgx.Batch{}
	batch.Queue(`SELECT set_config('plan_cache_mode', 'force_custom_plan', true)`) // true: for the transaction, which the batch is
	batch.Queue(sql, args...)
	results := on.SendBatch(ctx, batch)
	defer func() { _ = results.Close() }() // a read that was read in full has nothing more to say
	if _, err := results.Exec(); err != nil {
		return nil, fmt.Errorf("have plans made: %w", err)
	}
	rows, err := results.Query()
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller says what was read
	}
	return pgx.CollectRows(rows, row)
}
