package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/name"
	"ordertrack/shared/pgdb"
	"ordertrack/track_users/internal/adapters/postgres"
	"ordertrack/track_users/internal/application/joining"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/application/reading/userstest"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/application/tallying/ledgertest"
	"ordertrack/track_users/internal/domain"
)

func TestMain(m *testing.M) { testenv.Main(m) }

var quiet = slog.New(slog.DiscardHandler)

func open(tb testing.TB, address string) *pgxpool.Pool {
	tb.Helper()
	pool, err := pgdb.Open(tb.Context(), address, quiet, postgres.Session)
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	return pool
}

func migrated(tb testing.TB) (pool *pgxpool.Pool, address string) {
	tb.Helper()
	address = testenv.Database(tb)
	pool = open(tb, address)
	require.NoError(tb, pgdb.Migrate(tb.Context(), pool, postgres.Migrations(), quiet))
	return pool, address
}

// store is a database as the contract suite sees it.
type store struct {
	pool    *pgxpool.Pool
	address string
}

func (s store) Ledger(t *testing.T) tallying.Ledger {
	t.Helper()
	return postgres.NewLedger(open(t, s.address))
}

func (s store) Users(ctx context.Context) ([]domain.User, error) {
	rows, err := s.pool.Query(ctx, `SELECT id, name, counter, created_at FROM track_user ORDER BY id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (domain.User, error) {
		var (
			u   domain.User
			who string
		)
		err := row.Scan(&u.ID, &who, &u.Counter, &u.CreatedAt)
		u.Name = name.Restore(who)
		return u, err
	})
}

func (s store) Foreign(ctx context.Context) (map[string]int64, error) {
	rows, err := s.pool.Query(ctx, `SELECT name, foreign_counter FROM track_user`)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	var (
		who   string
		count int64
	)
	_, err = pgx.ForEachRow(rows, []any{&who, &count}, func() error { counts[who] = count; return nil })
	return counts, err
}

func (s store) Letters(ctx context.Context) ([]ledgertest.Letter, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT topic, topic_id, partition, kafka_offset, coalesce(source, ''), coalesce(lane, 0), coalesce(sequence, 0),
			coalesce(name, ''), reason, detail, key, value, headers FROM dead_letter ORDER BY id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (ledgertest.Letter, error) {
		var (
			l    ledgertest.Letter
			id   [16]byte
			text []byte
		)
		if err := row.Scan(&l.Stream.Topic, &id, &l.Stream.Partition, &l.Offset, &l.Place.Lane.Source, &l.Place.Lane.Number,
			&l.Place.Sequence, &l.Name, &l.Reason, &l.Detail, &l.Record.Key, &l.Record.Value, &text); err != nil {
			return l, err
		}
		l.Stream.TopicID = id
		var headers []struct {
			Key   string
			Value []byte
		}
		err := json.Unmarshal(text, &headers)
		l.Record.Headers = make([]domain.Header, len(headers))
		for i, h := range headers {
			l.Record.Headers[i] = domain.Header(h)
		}
		return l, err
	})
}

func TestLedgerContract(t *testing.T) {
	t.Parallel()
	ledgertest.Exercise(t, func(t *testing.T) ledgertest.Store {
		pool, address := migrated(t)
		return store{pool: pool, address: address}
	})
}

// joined has each process of the suite join its batches.
type joined struct{ store }

func (s joined) Ledger(t *testing.T) tallying.Ledger {
	t.Helper()
	return joining.New(postgres.NewLedger(open(t, s.address)), 1)
}

func TestLedgerContractWhenBatchesAreJoined(t *testing.T) {
	t.Parallel()
	ledgertest.Exercise(t, func(t *testing.T) ledgertest.Store {
		pool, address := migrated(t)
		return joined{store{pool: pool, address: address}}
	})
}

// nextOf is a share that counts the user once for what is next in the lane, up to a sequence.
func nextOf(stream domain.Stream, lane domain.Lane, who string, upTo int64) joining.Share {
	return joining.Share{
		Scope: domain.Scope{Stream: stream, Lanes: []domain.Lane{lane}},
		Decide: func(m domain.Marks) domain.Effects {
			effects := domain.Effects{Foreign: domain.NoOffset}
			if events := upTo - m.Lanes[lane]; events > 0 {
				effects.Counts = map[name.Name]domain.Count{name.Restore(who): {Events: events}}
				effects.Lanes = map[domain.Lane]int64{lane: upTo}
			}
			return effects
		},
	}
}

// After partitions were added a lane's events may be in two of them, and some in both.
func TestSharesOfOneLaneInOneTransaction(t *testing.T) {
	t.Parallel()
	pool, _ := migrated(t)
	lane := domain.Lane{Source: "s", Number: 1}
	marks, err := postgres.NewLedger(pool).ApplyAll(t.Context(), []joining.Share{
		nextOf(domain.Stream{Partition: 1}, lane, "Ann", 5),
		nextOf(domain.Stream{Partition: 2}, lane, "Ann", 7),
		nextOf(domain.Stream{Partition: 3}, lane, "Ann", 6),
	})
	require.NoError(t, err)
	require.EqualValues(t, 5, marks[0].Lanes[lane])
	require.EqualValues(t, 7, marks[1].Lanes[lane])
	require.EqualValues(t, 7, marks[2].Lanes[lane])
	requireAnn(t, pool, 7)
}

// besideAnotherLog has the ledger count Ann while a transaction of another log, which has changed her, is open, and
// commits that when the ledger waits for it. It gives what came of the count.
func besideAnotherLog(t *testing.T, pool *pgxpool.Pool, count func(who string) error, change string) error {
	t.Helper()
	other, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = other.Exec(t.Context(), change)
	require.NoError(t, err)
	counted := make(chan error, 1)
	go func() { counted <- count("Ann") }()
	require.Eventually(t, func() bool {
		var waits bool
		err := pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits)
		return err == nil && waits
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, other.Commit(t.Context()))
	return <-counted
}

// oneLog counts one event after the other, of anybody.
func oneLog(t *testing.T, address string) (count func(who string) error) {
	t.Helper()
	lane, ledger, applied := domain.Lane{Source: "s", Number: 1}, postgres.NewLedger(open(t, address)), int64(0)
	count = func(who string) error {
		_, err := ledger.ApplyAll(t.Context(), []joining.Share{nextOf(domain.Stream{}, lane, who, applied+1)})
		if err == nil {
			applied++
		}
		return err
	}
	require.NoError(t, count("Bob")) // makes the mark
	return count
}

func requireAnn(t *testing.T, pool *pgxpool.Pool, counter int64) {
	t.Helper()
	user, err := postgres.NewUsers(pool).ByName(t.Context(), name.Restore("Ann"))
	require.NoError(t, err)
	require.Equal(t, counter, user.Counter)
}

// Names lie in the lanes of each log, so batches of two logs may make one user at the same moment.
func TestTwoLogsThatMakeOneUserAtOnce(t *testing.T) {
	t.Parallel()
	pool, address := migrated(t)
	count := oneLog(t, address)
	err := besideAnotherLog(t, pool, count, `INSERT INTO track_user (name, counter) VALUES ('Ann', 1)`)
	require.ErrorIs(t, err, tallying.ErrUnavailable, "to be tried again")
	requireAnn(t, pool, 1)
	require.NoError(t, count("Ann"))
	requireAnn(t, pool, 2)
}

// The second one adds to what the first one leaves, not to what was there when it began.
func TestTwoLogsThatRaiseOneUserAtOnce(t *testing.T) {
	t.Parallel()
	pool, address := migrated(t)
	count := oneLog(t, address)
	require.NoError(t, count("Ann"))
	require.NoError(t, besideAnotherLog(t, pool, count, `UPDATE track_user SET counter = counter + 10 WHERE name = 'Ann'`))
	requireAnn(t, pool, 12)
}

// A trigger may keep a row from being written, without an error.
func TestAUserThatIsNotWrittenIsNotCounted(t *testing.T) {
	t.Parallel()
	pool, address := migrated(t)
	count := oneLog(t, address)
	_, err := pool.Exec(t.Context(), `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
		CREATE TRIGGER refuse BEFORE INSERT ON track_user FOR EACH ROW WHEN (new.name = 'Ann') EXECUTE FUNCTION refuse()`)
	require.NoError(t, err)
	require.ErrorIs(t, count("Ann"), tallying.ErrUnavailable)
	var applied int64
	require.NoError(t, pool.QueryRow(t.Context(), `SELECT sum(applied)::bigint FROM lane_mark`).Scan(&applied))
	require.EqualValues(t, 1, applied, "Bob's event only")
	_, err = pool.Exec(t.Context(), `DROP TRIGGER refuse ON track_user`)
	require.NoError(t, err)
	require.NoError(t, count("Ann"))
	requireAnn(t, pool, 1)
}

// A batch of few users is found by the index, and one that counts many of them again and again by reading the table.
func TestBatchesOfAllShapes(t *testing.T) {
	t.Parallel()
	pool, address := migrated(t)
	lane, ledger := domain.Lane{Source: "s", Number: 1}, postgres.NewLedger(open(t, address))
	sum := int64(0)
	for _, shape := range []struct{ users, events int64 }{{1, 1}, {1, 1000}, {255, 10}, {300, 1}, {300, 2}, {1000, 3}, {2000, 1}} {
		effects := domain.Effects{Counts: map[name.Name]domain.Count{}, Foreign: domain.NoOffset}
		for user := range shape.users {
			effects.Counts[name.Restore(fmt.Sprintf("user-%05d", user))] = domain.Count{Events: shape.events}
		}
		sum += shape.users * shape.events
		effects.Lanes = map[domain.Lane]int64{lane: sum}
		_, err := ledger.Apply(t.Context(), domain.Scope{Lanes: []domain.Lane{lane}},
			func(domain.Marks) domain.Effects { return effects })
		require.NoError(t, err)
	}
	var users, counted, highest int64
	require.NoError(t, pool.QueryRow(t.Context(), `SELECT count(*), sum(counter)::bigint, max(id) FROM track_user`).
		Scan(&users, &counted, &highest))
	require.EqualValues(t, 2000, users)
	require.Equal(t, sum, counted)
	require.EqualValues(t, 2000, highest, "no id is left out")
}

func TestUsersContract(t *testing.T) {
	t.Parallel()
	userstest.Exercise(t, func(t *testing.T) (reading.Users, func(domain.User)) {
		pool, _ := migrated(t)
		return postgres.NewUsers(pool), func(u domain.User) {
			_, err := pool.Exec(t.Context(), `INSERT INTO track_user (id, name, counter, created_at)
				OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4)`, u.ID, u.Name.String(), u.Counter, u.CreatedAt)
			require.NoError(t, err)
			setMagnitudes(t, pool)
		}
	})
}

// What somebody can mend must not make events be parked.
func TestMissingPrivilegeIsWaitedFor(t *testing.T) {
	t.Parallel()
	pool, _ := migrated(t)
	_, err := pool.Exec(t.Context(), `ALTER TABLE track_user RENAME TO moved_away`)
	require.NoError(t, err)
	lane := domain.Lane{Source: "s", Number: 1}
	_, err = postgres.NewLedger(pool).Apply(t.Context(), domain.Scope{Lanes: []domain.Lane{lane}}, func(domain.Marks) domain.Effects {
		return domain.Effects{Counts: map[name.Name]domain.Count{name.Restore("Ann"): {Events: 1}}, Foreign: domain.NoOffset}
	})
	require.ErrorIs(t, err, tallying.ErrUnavailable)
}

func TestDatabaseThatIsAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	server := testenv.Server(t)
	pool := open(t, server.URL("postgres"))
	require.NoError(t, pgdb.Migrate(t.Context(), pool, postgres.Migrations(), quiet))
	require.NoError(t, server.Kill())

	lane := domain.Lane{Source: "s", Number: 1}
	once := func() error {
		_, err := postgres.NewLedger(pool).Apply(t.Context(), domain.Scope{Lanes: []domain.Lane{lane}}, func(m domain.Marks) domain.Effects {
			if m.Lanes[lane] == 1 {
				return domain.Effects{Foreign: domain.NoOffset}
			}
			return domain.Effects{
				Counts: map[name.Name]domain.Count{name.Restore("Ann"): {Events: 1}},
				Lanes:  map[domain.Lane]int64{lane: 1}, Foreign: domain.NoOffset,
			}
		})
		return err
	}
	// A server process may outlive the killed main one for a moment, and still do a transaction.
	require.Eventually(t, func() bool { return errors.Is(once(), tallying.ErrUnavailable) }, 10*time.Second, 10*time.Millisecond)
	require.Eventually(t, func() bool {
		_, err := postgres.NewUsers(pool).ByName(t.Context(), name.Restore("Ann"))
		return errors.Is(err, reading.ErrUnavailable)
	}, 10*time.Second, 10*time.Millisecond)

	require.NoError(t, server.Restart(t.Context()))
	require.NoError(t, once())
	user, err := postgres.NewUsers(pool).ByName(t.Context(), name.Restore("Ann"))
	require.NoError(t, err)
	require.EqualValues(t, 1, user.Counter)
}

// BenchmarkApply applies batches of 1,000 events of one lane. It reports events/s.
func BenchmarkApply(b *testing.B) {
	for _, users := range []int{200, 10_000} {
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			const size = 1000
			pool, _ := migrated(b)
			ledger, lane := postgres.NewLedger(pool), domain.Lane{Source: "s", Number: 1}
			user, applied := 0, int64(0)
			for b.Loop() {
				effects := domain.Effects{Counts: map[name.Name]domain.Count{}, Foreign: domain.NoOffset}
				for range size {
					who := name.Restore(fmt.Sprintf("user-%05d", user%users))
					user += 7919
					effects.Counts[who] = domain.Count{Events: effects.Counts[who].Events + 1}
				}
				applied += size
				effects.Lanes = map[domain.Lane]int64{lane: applied}
				_, err := ledger.Apply(b.Context(), domain.Scope{Lanes: []domain.Lane{lane}},
					func(domain.Marks) domain.Effects { return effects })
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.N)*size/b.Elapsed().Seconds(), "events/s")
		})
	}
}
