package postgres_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/name"
	"ordertrack/shared/pgdb"
	"ordertrack/track_users/internal/adapters/postgres"
	"ordertrack/track_users/internal/application/streaming"
	"ordertrack/track_users/internal/application/streaming/changestest"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// counting is a database whose counters are raised by the ledger, as they are in life.
type counting struct{ store }

func (c counting) Changes() streaming.Changes { return postgres.NewChanges(c.pool) }

func (c counting) Count(ctx context.Context, names ...string) error {
	counts := map[name.Name]domain.Count{}
	for _, who := range names {
		counts[name.Restore(who)] = domain.Count{Events: 1}
	}
	lane := domain.Lane{Source: "s", Number: rand.IntN(64)}
	for { // as a tally does: names in any lane are in common with other batches
		_, err := postgres.NewLedger(c.pool).Apply(ctx, domain.Scope{Lanes: []domain.Lane{lane}}, func(domain.Marks) domain.Effects {
			return domain.Effects{Counts: counts, Foreign: domain.NoOffset}
		})
		if !errors.Is(err, tallying.ErrUnavailable) || ctx.Err() != nil {
			return err
		}
	}
}

func (c counting) Counters(ctx context.Context) (map[string]int64, error) {
	users, err := c.Users(ctx)
	counters := map[string]int64{}
	for _, user := range users {
		counters[user.Name.String()] = user.Counter
	}
	return counters, err
}

func countingStore(t *testing.T) counting {
	pool, address := migrated(t)
	return counting{store{pool: pool, address: address}}
}

func TestChangesContract(t *testing.T) {
	t.Parallel()
	changestest.Exercise(t, func(t *testing.T) changestest.Store { return countingStore(t) })
}

// A transaction that began before another one may end after it.
func TestWhatCommitsLateIsNotMissed(t *testing.T) {
	t.Parallel()
	c := countingStore(t)
	require.NoError(t, c.Count(t.Context(), "Ann", "Bob"))
	at, err := c.Changes().Now(t.Context())
	require.NoError(t, err)
	slow, err := c.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = slow.Exec(t.Context(), `INSERT INTO user_change (names) VALUES ('{Ann}')`)
	require.NoError(t, err)
	require.NoError(t, c.Count(t.Context(), "Bob"))
	require.Equal(t, []string{"Bob"}, changedSince(t, c, &at))
	require.NoError(t, c.Count(t.Context(), "Bob"))
	require.Equal(t, []string{"Bob"}, changedSince(t, c, &at))
	require.NoError(t, slow.Commit(t.Context()))
	require.Equal(t, []string{"Ann"}, changedSince(t, c, &at))
	require.Empty(t, changedSince(t, c, &at))
}

func changedSince(t *testing.T, c counting, at *streaming.Position) []string {
	t.Helper()
	changed, err := c.Changes().Since(t.Context(), *at, 100)
	require.NoError(t, err)
	require.False(t, changed.Missed)
	*at = changed.At
	names := make([]string, 0, len(changed.Users))
	for _, user := range changed.Users {
		names = append(names, user.Name.String())
	}
	return names
}

// A crash of the server empties the changes: whoever goes on from before is told so.
func TestACrashIsNoticed(t *testing.T) {
	t.Parallel()
	server := testenv.Server(t)
	pool := open(t, server.URL("postgres"))
	require.NoError(t, pgdb.Migrate(t.Context(), pool, postgres.Migrations(), quiet))
	c := counting{store{pool: pool}}
	at, err := c.Changes().Now(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.Count(t.Context(), "Ann"))
	require.NoError(t, server.Kill())
	require.NoError(t, server.Restart(t.Context()))
	var changed streaming.Changed
	require.Eventually(t, func() bool {
		changed, err = c.Changes().Since(t.Context(), at, 100)
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
	require.True(t, changed.Missed)
	require.NoError(t, c.Count(t.Context(), "Bob"))
	require.Equal(t, []string{"Bob"}, changedSince(t, c, &changed.At))
}

// A dump that is loaded into another server brings numbers along that mean nothing there.
func TestRowsOfAnotherServersTimeAreNotBelieved(t *testing.T) {
	t.Parallel()
	c := countingStore(t)
	old, err := c.Changes().Now(t.Context())
	require.NoError(t, err)
	_, err = c.pool.Exec(t.Context(), `UPDATE stream_epoch SET begins = '999999999'`)
	require.NoError(t, err)
	at, err := c.Changes().Now(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, old[:36], at[:36], "another epoch")
	require.NoError(t, c.Count(t.Context(), "Ann"))
	require.Equal(t, []string{"Ann"}, changedSince(t, c, &at))
}

// The hot way in must not be slowed by following: the changes are found by their index.
func TestChangesAreFoundByIndex(t *testing.T) {
	t.Parallel()
	c := countingStore(t)
	_, err := c.pool.Exec(t.Context(), `INSERT INTO user_change (xid, names) SELECT n::text::xid8, '{Ann,Bob}' FROM generate_series(3, 20000) n`)
	require.NoError(t, err)
	_, err = c.pool.Exec(t.Context(), `ANALYZE user_change`)
	require.NoError(t, err)
	rows, err := c.pool.Query(t.Context(), `EXPLAIN SELECT DISTINCT unnest(names) FROM user_change
		WHERE xid >= '19990' AND NOT pg_visible_in_snapshot(xid, '19990:19995:') LIMIT 100`)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Contains(t, lines[len(lines)-2]+lines[len(lines)-3]+lines[len(lines)-1], "user_change_xid")
}
