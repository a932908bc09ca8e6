package postgres_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/metrics"
	"ordertrack/order_service/internal/adapters/postgres"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/placing/logtest"
	"ordertrack/order_service/internal/domain"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/name"
	"ordertrack/shared/pgdb"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// openPool opens a pool as the service does.
func openPool(tb testing.TB, url string, opts ...pgdb.Option) *pgxpool.Pool {
	tb.Helper()
	opts = append([]pgdb.Option{postgres.Session}, opts...)
	pool, err := pgdb.Open(context.Background(), url, slog.New(slog.DiscardHandler), opts...)
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	return pool
}

// quiet is a succession of no interest.
func quiet() *postgres.Succession {
	return postgres.NewSuccession(slog.New(slog.DiscardHandler), metrics.NewRelaying(prometheus.NewRegistry()))
}

// migrated gives a pool on a new database that has the schema.
func migrated(tb testing.TB, url string, opts ...pgdb.Option) *pgxpool.Pool {
	tb.Helper()
	pool := openPool(tb, url, opts...)
	require.NoError(tb, pgdb.Migrate(context.Background(), pool, postgres.Migrations(), slog.New(slog.DiscardHandler)))
	return pool
}

// store is a database; each writer has a pool of its own, as a replica has.
type store struct {
	url  string
	pool *pgxpool.Pool
}

func openStore(t *testing.T) store {
	url := testenv.Database(t)
	return store{url: url, pool: migrated(t, url)}
}

func (s store) Writer(t *testing.T) placing.Log {
	return postgres.NewLog(openPool(t, s.url), quiet(), postgres.NewBell())
}

func (s store) After(ctx context.Context, id int64) ([]domain.Order, error) {
	return ordersAfter(ctx, s.pool, id)
}

func ordersAfter(ctx context.Context, pool *pgxpool.Pool, id int64) ([]domain.Order, error) {
	const sql = `
		SELECT o.id, o.name, o.note, o.created_at, o.lane, o.sequence, o.traceparent, l.id::text
		FROM orders o, order_log l WHERE o.id > $1 ORDER BY o.id`
	rows, err := pool.Query(ctx, sql, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (domain.Order, error) {
		var (
			o         domain.Order
			who, note string
			at        time.Time
		)
		err := row.Scan(&o.ID, &who, &note, &at, &o.Place.Lane, &o.Place.Sequence, &o.TraceParent, &o.Place.LogID)
		o.Name, o.Note, o.CreatedAt = name.Restore(who), domain.RestoreNote(note), at.UTC()
		return o, err
	})
}

func TestLogContract(t *testing.T) {
	t.Parallel()
	logtest.Exercise(t, func(t *testing.T) logtest.Store { return openStore(t) })
}
