package pgdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// PlanOnce has the sessions of a pool plan each statement once. PostgreSQL would else plan a small batch anew each time,
// since for a short array it finds a plan of its own cheaper than the general one, and planning takes longer than running.
// What needs a plan for what it asks for runs by CollectPlanned.
func PlanOnce(config *pgxpool.Config) {
	config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
}

// FindByIndex has the sessions find rows by indexes. A plan that was made when a table was small, and reads all of it,
// would else stay when the table has grown, until it is analyzed.
func FindByIndex(config *pgxpool.Config) {
	for _, way := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin"} {
		config.ConnConfig.RuntimeParams[way] = "off"
	}
}

// QueuePlanned undoes PlanOnce and FindByIndex for what follows in the batch, or in its transaction. A page out of order
// costs as one of memory or of a solid-state disk does: at PostgreSQL's own 4, a table is read for what an index finds sooner.
func QueuePlanned(batch *pgx.Batch) {
	const sql = `
		SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'on', true),
			set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true),
			set_config('random_page_cost', '1.1', true)`
	batch.Queue(sql)
}

// Batcher sends a batch: a pool, a connection, or a transaction.
type Batcher interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// CollectPlanned runs a query with a plan made for its arguments, in sessions that PlanOnce is for, and collects its rows.
// A page of a list is read from an index's end or by a scan, by what is asked for.
func CollectPlanned[T any](ctx context.Context, on Batcher, row pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	batch := &pgx.Batch{}
	QueuePlanned(batch)
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
