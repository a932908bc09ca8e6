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
	user, err := postgres.NewUsers(pool).ByName(t.Context(), name.Restore("Ann"))
	require.NoError(t, err)
	require.EqualValues(t, 7, user.Counter)
}

// Names lie in the lanes of each log, so batches of two logs may make one user at the same moment.
func TestTwoLogsThatMakeOneUserAtOnce(t *testing.T) {
	t.Parallel()
	pool, address := migrated(t)
	one, other := domain.Lane{Source: "one", Number: 1}, domain.Lane{Source: "other", Number: 1}
	ledger := postgres.NewLedger(open(t, address))
	apply := func(lane domain.Lane) error {
		_, err := ledger.ApplyAll(t.Context(), []joining.Share{nextOf(domain.Stream{}, lane, "Ann", 1)})
		return err
	}
	_, err := ledger.ApplyAll(t.Context(), []joining.Share{nextOf(domain.Stream{}, other, "Bob", 0)}) // makes the marks
	require.NoError(t, err)

	first, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = first.Exec(t.Context(), `INSERT INTO track_user (name, counter) VALUES ('Ann', 1)`)
	require.NoError(t, err)
	second := make(chan error, 1)
	go func() { second <- apply(other) }()
	require.Eventually(t, func() bool {
		var waits bool
		err := pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits)
		return err == nil && waits
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, first.Commit(t.Context()))
	require.ErrorIs(t, <-second, tallying.ErrUnavailable, "to be tried again")
	require.NoError(t, apply(other))
	require.NoError(t, apply(one))
	user, err := postgres.NewUsers(pool).ByName(t.Context(), name.Restore("Ann"))
	require.NoError(t, err)
	require.EqualValues(t, 3, user.Counter)
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
