package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
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
	setMagnitudes(tb, pool)
	_, err = pool.Exec(tb.Context(), `VACUUM ANALYZE track_user`)
	require.NoError(tb, err)
}

// setMagnitudes does for users that no ledger has made what a ledger does.
func setMagnitudes(tb testing.TB, pool *pgxpool.Pool) {
	tb.Helper()
	_, err := pool.Exec(tb.Context(), `
		UPDATE track_user SET magnitude = floor(ln(counter::float8 + 0.5) / ln(4::float8)) WHERE counter >= 64`)
	require.NoError(tb, err)
}

// A counter that grows by whatever steps, from nothing or from before, is at its place in the list.
func TestCountersThatGrowAreAtTheirPlaceInTheList(t *testing.T) {
	t.Parallel()
	pool, _ := migrated(t)
	ledger, lane := postgres.NewLedger(pool), domain.Lane{Source: "s", Number: 1}
	want := map[string]int64{}
	for round := range int64(12) {
		counts := map[name.Name]domain.Count{}
		for i, step := range []int64{1, 7, 63, 64, 65, 255, 256, 1 << 20, 1 << 40} {
			who := fmt.Sprintf("user %d", i)
			if round < 9 || i%2 == 0 {
				counts[name.Restore(who)] = domain.Count{Events: step + round}
				want[who] += step + round
			}
		}
		_, err := ledger.Apply(t.Context(), domain.Scope{Lanes: []domain.Lane{lane}}, func(domain.Marks) domain.Effects {
			return domain.Effects{Counts: counts, Foreign: domain.NoOffset}
		})
		require.NoError(t, err)
		for _, descending := range []bool{false, true} {
			got, last := map[string]int64{}, domain.User{}
			q := reading.Query{Descending: descending, Limit: 2}
			for page := []domain.User(nil); len(page) == q.Limit || q.After == nil; q.After = &last {
				page, err = postgres.NewUsers(pool).List(t.Context(), q)
				require.NoError(t, err)
				for _, user := range page {
					require.True(t, last.ID == 0 || descending == (last.Counter > user.Counter) || last.Counter == user.Counter)
					got[user.Name.String()], last = user.Counter, user
				}
			}
			require.Equal(t, want, got)
		}
	}
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
		"a later page of theirs": {reading.Query{Sort: reading.ByCounter, Limit: 50, Descending: true, After: &domain.User{ID: 7, Counter: 1000}}, "track_user_magnitude"},
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

// However many read, and however long that takes, events are counted; and however many scan the table, users are found.
func TestReadersLeaveConnections(t *testing.T) {
	t.Parallel()
	pool, url := migrated(t)
	most := int(pool.Config().MaxConns)
	users := postgres.NewUsers(pool)
	_, err := pool.Exec(t.Context(), `INSERT INTO track_user (name, counter) VALUES ('Ann', 1)`)
	require.NoError(t, err)
	other, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close(context.Background())) }()
	_, err = other.Exec(t.Context(), `BEGIN; LOCK TABLE track_user`)
	require.NoError(t, err)

	var readers sync.WaitGroup
	failed := make(chan error, 10*most)
	many := func(read func() error) {
		for range 5 * most {
			readers.Go(func() {
				if err := read(); err != nil {
					failed <- err
				}
			})
		}
	}
	inUse := func(most int) {
		require.Eventually(t, func() bool { return int(pool.Stat().AcquiredConns()) == most }, 10*time.Second, 5*time.Millisecond)
	}
	many(func() error { _, err := users.List(t.Context(), reading.Query{Limit: 1}); return err })
	inUse(most / 4)
	many(func() error { _, err := users.ByName(t.Context(), name.Restore("Ann")); return err })
	inUse(most / 2)
	for range most - most/2 { // the rest is free
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		conn, err := pool.Acquire(ctx)
		cancel()
		require.NoError(t, err)
		defer conn.Release()
	}
	_, err = other.Exec(t.Context(), `COMMIT`)
	require.NoError(t, err)
	readers.Wait()
	require.Empty(t, failed)
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

// Users that were counted before magnitudes were set by hand keep their place.
func TestCountersOfBeforeAreAtTheirPlaceInTheList(t *testing.T) {
	t.Parallel()
	pool, _ := migrated(t)
	db := stdlib.OpenDBFromPool(pool)
	defer func() { require.NoError(t, db.Close()) }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, postgres.Migrations())
	require.NoError(t, err)
	_, err = provider.DownTo(t.Context(), 4)
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `
		INSERT INTO track_user (name, counter) SELECT 'user ' || n, n FROM unnest('{1,15,16,63,64,65,255,256,1000000}'::bigint[]) n`)
	require.NoError(t, err)
	_, err = provider.Up(t.Context())
	require.NoError(t, err)
	users, err := postgres.NewUsers(pool).List(t.Context(), reading.Query{Descending: true, Limit: 100})
	require.NoError(t, err)
	counters := make([]int64, len(users))
	for i, user := range users {
		counters[i] = user.Counter
	}
	require.Equal(t, []int64{1000000, 256, 255, 65, 64, 63, 16, 15, 1}, counters)
}
