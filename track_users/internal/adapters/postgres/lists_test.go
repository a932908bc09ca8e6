package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/adapters/postgres"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/domain"
)

// populate makes users of whom few have high counters, as it is in life: half have 1, a quarter 2, and so on.
func populate(tb testing.TB, pool *pgxpool.Pool, users int) {
	tb.Helper()
	_, err := pool.Exec(tb.Context(), `
		INSERT INTO track_user (name, counter, created_at)
		SELECT 'user ' || n, greatest(1, floor(1 / (random() + 1e-7)))::bigint, '2026-01-01'::timestamptz + n * interval '1 second'
		FROM generate_series(1, $1::int) n`, users)
	require.NoError(tb, err)
	_, err = pool.Exec(tb.Context(), `VACUUM ANALYZE track_user`)
	require.NoError(tb, err)
}

// TestPlans explains the queries that must not read the table: a page must cost what it holds, not what there is.
func TestPlans(t *testing.T) {
	t.Parallel()
	pool, _ := migrated(t)
	populate(t, pool, 50_000)
	for title, c := range map[string]struct {
		query reading.Query
		index string
	}{
		"name":                   {reading.Query{Sort: reading.ByName, Limit: 50}, "track_user_name_key"},
		"name, backward":         {reading.Query{Sort: reading.ByName, Limit: 50, Descending: true}, "track_user_name_key"},
		"created_at":             {reading.Query{Sort: reading.ByCreation, Limit: 50}, "track_user_created_at"},
		"created_at, backward":   {reading.Query{Sort: reading.ByCreation, Limit: 50, Descending: true}, "track_user_created_at"},
		"the highest counters":   {reading.Query{Sort: reading.ByCounter, Limit: 50, Descending: true}, "track_user_magnitude"},
		"a later page of theirs": {reading.Query{Sort: reading.ByCounter, Limit: 50, Descending: true, After: &domain.User{ID: 7, Counter: 100}}, "track_user_magnitude"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			users, err := postgres.NewUsers(pool).List(t.Context(), c.query)
			require.NoError(t, err)
			require.Len(t, users, 50)
			require.Contains(t, planOf(t, pool, c.query), c.index)
		})
	}
}

// planOf is the plan of the first statement that a query runs, which fills the page here.
func planOf(t *testing.T, pool *pgxpool.Pool, q reading.Query) string {
	t.Helper()
	first := postgres.Statements(q)[0]
	rows, err := pool.Query(t.Context(), "EXPLAIN "+first.SQL, first.Args...)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	plan := strings.Join(lines, "\n")
	require.NotContains(t, plan, "Seq Scan")
	return plan
}

// BenchmarkList reads a page of 100 from a million users.
func BenchmarkList(b *testing.B) {
	pool, _ := migrated(b)
	populate(b, pool, 1_000_000)
	users := postgres.NewUsers(pool)
	for title, q := range map[string]reading.Query{
		"counter_desc_first":  {Sort: reading.ByCounter, Descending: true},
		"counter_desc_middle": {Sort: reading.ByCounter, Descending: true, After: &domain.User{ID: 1, Counter: 20}},
		"counter_desc_low":    {Sort: reading.ByCounter, Descending: true, After: &domain.User{ID: 1, Counter: 3}},
		"counter_asc_first":   {Sort: reading.ByCounter},
		"name_middle":         {Sort: reading.ByName, After: &domain.User{Name: name.Restore("user 5")}},
		"created_at_desc":     {Sort: reading.ByCreation, Descending: true},
	} {
		q.Limit = 100
		b.Run(title, func(b *testing.B) {
			for b.Loop() {
				_, err := users.List(b.Context(), q)
				require.NoError(b, err)
			}
		})
	}
}
