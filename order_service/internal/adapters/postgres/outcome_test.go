package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"ordertrack/order_service/internal/adapters/postgres"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
)

func batchOf(t *testing.T, number int64, names ...string) placing.Batch {
	t.Helper()
	batch := placing.Batch{Number: number}
	for _, who := range names {
		draft, err := domain.NewDraft(name.Restore(who), domain.Note{}, event.LaneOf(name.Restore(who)), "")
		require.NoError(t, err)
		batch.Drafts = append(batch.Drafts, draft)
	}
	return batch
}

// noPing keeps the pool's own ping from being the exchange that a proxy spoils.
func noPing(c *pgxpool.Config) {
	c.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
}

func count(t *testing.T, pool *pgxpool.Pool) (orders int) {
	t.Helper()
	require.NoError(t, pool.QueryRow(t.Context(), `SELECT count(*) FROM orders`).Scan(&orders))
	return orders
}

// A connection that is lost leaves the outcome unknown; the same number, tried again, makes it exactly one set of rows.
func TestALostConnection(t *testing.T) {
	t.Parallel()
	for title, tc := range map[string]struct {
		fault  fault
		stored int // by the try whose answer got lost
	}{
		"before the request arrived":        {fault: cutRequest, stored: 0},
		"after the commit":                  {fault: cutAnswer, stored: 3},
		"half open, with the commit behind": {fault: swallowReply, stored: 3},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			direct := openStore(t)
			proxy, url := behindProxy(t, direct.url)
			log := postgres.NewLog(openPool(t, url, noPing), quiet(), postgres.NewBell())
			_, err := log.Append(t.Context(), batchOf(t, 1, "warm", "up"))
			require.NoError(t, err)

			proxy.arm(tc.fault)
			batch := batchOf(t, 2, "Ann", "Bob", "Ann")
			_, err = log.Append(t.Context(), batch)
			require.ErrorIs(t, err, placing.ErrUnknownOutcome)
			require.Equal(t, 2+tc.stored, count(t, direct.pool))

			orders, err := log.Append(t.Context(), batch)
			require.NoError(t, err)
			stored, err := direct.After(t.Context(), 2)
			require.NoError(t, err)
			require.Equal(t, stored, orders)
			_, err = log.Append(t.Context(), batchOf(t, 3, "Eve"))
			require.NoError(t, err)
			require.Equal(t, 6, count(t, direct.pool))
		})
	}
}

// The statements are answered before the commit is: here it fails, after they succeeded.
func TestAnAnswerIsNotGivenBeforeTheCommit(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	for _, sql := range []string{
		`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$`,
		`CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW EXECUTE FUNCTION refuse()`,
	} {
		_, err := s.pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	log := s.Writer(t)
	_, err := log.Append(t.Context(), batchOf(t, 1, "Ann"))
	require.ErrorContains(t, err, "not today")
	require.ErrorIs(t, err, placing.ErrUnavailable)
	require.Zero(t, count(t, s.pool))

	_, err = s.pool.Exec(t.Context(), `DROP TRIGGER refuse ON orders`)
	require.NoError(t, err)
	_, err = log.Append(t.Context(), batchOf(t, 1, "Ann"))
	require.NoError(t, err)
	require.Equal(t, 1, count(t, s.pool))
}

// holdLock holds the log's lock until the test lets go.
func holdLock(t *testing.T, pool *pgxpool.Pool) (release func()) {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT FROM order_log FOR UPDATE`)
	require.NoError(t, err)
	release = sync.OnceFunc(func() { require.NoError(t, tx.Rollback(context.Background())) })
	t.Cleanup(release) // a test that fails must not hold the pool, too
	return release
}

func TestALockThatIsNotGrantedInTime(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	release := holdLock(t, s.pool)
	log := s.Writer(t)
	_, err := log.Append(t.Context(), batchOf(t, 1, "Ann"))
	require.ErrorIs(t, err, placing.ErrUnavailable, "the server has given up before we did: certainly not stored")
	require.Zero(t, count(t, s.pool))

	release()
	_, err = log.Append(t.Context(), batchOf(t, 1, "Ann"))
	require.NoError(t, err)
	require.Equal(t, 1, count(t, s.pool))
}

// A FATAL error comes instead of the commit's answer: it does not tell whether the commit took place.
func TestASessionThatTheServerEnds(t *testing.T) {
	t.Parallel()
	const victim = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`
	s := openStore(t)
	release := holdLock(t, s.pool)
	log := s.Writer(t)
	var appended errgroup.Group
	appended.Go(func() error {
		_, err := log.Append(t.Context(), batchOf(t, 1, "Ann"))
		return err
	})
	require.Eventually(t, func() bool {
		var ended int
		err := s.pool.QueryRow(t.Context(), victim).Scan(&ended)
		return err == nil && ended == 1
	}, 5*time.Second, 5*time.Millisecond)
	require.ErrorIs(t, appended.Wait(), placing.ErrUnknownOutcome)

	release()
	_, err := log.Append(t.Context(), batchOf(t, 1, "Ann"))
	require.NoError(t, err)
	require.Equal(t, 1, count(t, s.pool))
}

func TestADatabaseThatCannotBeReached(t *testing.T) {
	t.Parallel()
	server := testenv.Server(t)
	require.NoError(t, server.CreateDatabase(t.Context(), "orders"))
	pool := migrated(t, server.URL("orders"), noPing)
	log := postgres.NewLog(pool, quiet(), postgres.NewBell())
	_, err := log.Append(t.Context(), batchOf(t, 1, "Ann"))
	require.NoError(t, err)

	require.NoError(t, server.Kill())
	require.Eventually(t, func() bool { // a session may outlive the server for a moment, and the first try finds it dead
		_, err = log.Append(t.Context(), batchOf(t, 2, "Bob"))
		return errors.Is(err, placing.ErrUnavailable)
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, server.Restart(t.Context()))
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err = log.Append(t.Context(), batchOf(t, 2, "Bob"))
		require.NoError(c, err)
	}, 10*time.Second, 50*time.Millisecond)
	require.Equal(t, 2, count(t, pool))
}

func TestWritersOfThePastAreForgotten(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	first, err := s.Writer(t).Append(t.Context(), batchOf(t, 9, "old"))
	require.NoError(t, err)
	log := s.Writer(t)
	ours, err := log.Append(t.Context(), batchOf(t, 1, "Ann"))
	require.NoError(t, err)
	const others = `
		INSERT INTO order_writer (id, batch, first_id, size, touched_at)
		SELECT gen_random_uuid(), 1, $1::bigint + number, 1, now() FROM generate_series(1, 999) AS number`
	_, err = s.pool.Exec(t.Context(), others, ours[0].ID)
	require.NoError(t, err)
	_, err = s.pool.Exec(t.Context(), `UPDATE order_writer SET touched_at = now() - interval '1 year' WHERE first_id <> $1`, first[0].ID)
	require.NoError(t, err, "the clock was wrong")

	require.NoError(t, postgres.ForgetWriters(t.Context(), s.pool))
	var writers, old int
	err = s.pool.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE first_id = $1) FROM order_writer`, first[0].ID).
		Scan(&writers, &old)
	require.NoError(t, err)
	require.Equal(t, 1000, writers)
	require.Zero(t, old)
	again, err := log.Append(t.Context(), batchOf(t, 1, "Ann"))
	require.NoError(t, err)
	require.Equal(t, ours, again, "a living one is not")
}
