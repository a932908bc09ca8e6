package postgres_test

import (
	"flag"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/postgres"
	"ordertrack/order_service/internal/application/reading"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/name"
)

var rows = flag.Int("rows", 1_000_000, "orders that BenchmarkNewest reads among")

// fill makes orders of a thousand a second: a fifth of them by Ann, who goes on to the end, a fifth of the first half by
// Old, who has ceased since, one in 100,000 by Rare, and the rest by a million users.
func fill(tb testing.TB, pool *pgxpool.Pool, rows int) time.Time {
	tb.Helper()
	const sql = `
		INSERT INTO orders (id, name, note, created_at, lane, sequence)
		SELECT i, CASE
				WHEN i % 100000 = 7 THEN 'Rare'
				WHEN i % 5 = 0 THEN 'Ann'
				WHEN i % 5 = 1 AND i < $1 / 2 THEN 'Old'
				ELSE 'user ' || hashint8(i) % 1000000 END,
			'a note as notes are', timestamptz '2026-01-01' + i / 1000 * interval '1 second', 0, i
		FROM generate_series(1, $1::bigint) AS i`
	_, err := pool.Exec(tb.Context(), sql, rows)
	require.NoError(tb, err)
	_, err = pool.Exec(tb.Context(), `VACUUM ANALYZE orders`)
	require.NoError(tb, err)
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rows/1000) * time.Second)
}

// BenchmarkNewest reads pages of 100 by each filter, and tells the slowest one, which finds nothing in memory.
func BenchmarkNewest(b *testing.B) {
	pool := migrated(b, testenv.Database(b))
	end := fill(b, pool, *rows)
	orders := postgres.NewOrders(pool)
	middle := end.Add(-time.Duration(*rows/2000) * time.Second)
	behind := &reading.Position{CreatedAt: middle, ID: int64(*rows / 2)}
	for who, title := range map[string]string{"": "all", "Ann": "frequent", "Old": "ceased", "Rare": "rare", "Nobody": "absent"} {
		by := name.Restore(who)
		for filter, query := range map[string]reading.Query{
			"none":          {},
			"after":         {Filter: reading.Filter{After: middle}},
			"before":        {Filter: reading.Filter{Before: middle}},
			"both":          {Filter: reading.Filter{After: middle.Add(-time.Minute), Before: middle}},
			"nothing_since": {Filter: reading.Filter{After: end.Add(time.Hour)}},
			"cursor":        {Behind: behind},
			"cursor_both":   {Filter: reading.Filter{After: middle.Add(-time.Minute), Before: middle.Add(time.Minute)}, Behind: behind},
		} {
			query.Name, query.Limit = by, 101
			b.Run(title+"/"+filter, func(b *testing.B) {
				var slowest time.Duration
				for b.Loop() {
					begin := time.Now()
					_, err := orders.Newest(b.Context(), query)
					require.NoError(b, err)
					slowest = max(slowest, time.Since(begin))
				}
				b.ReportMetric(float64(slowest.Microseconds())/1000, "ms/slowest")
			})
		}
	}
}
