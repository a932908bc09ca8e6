package postgres_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/postgres"
	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/application/reading/orderstest"
	"ordertrack/order_service/internal/domain"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/name"
)

func (s store) Reader(*testing.T) reading.Orders { return postgres.NewOrders(s.pool) }

func (s store) Publish(t *testing.T, id int64) {
	_, err := s.pool.Exec(t.Context(), `UPDATE relay_cursor SET published = $1`, id)
	require.NoError(t, err)
}

func TestOrdersContract(t *testing.T) {
	t.Parallel()
	orderstest.Exercise(t, func(t *testing.T) orderstest.Store { return openStore(t) })
}

func TestADatabaseThatCannotBeRead(t *testing.T) {
	t.Parallel()
	pool := migrated(t, testenv.Database(t))
	orders := postgres.NewOrders(pool)
	pool.Close()
	_, _, err := orders.ByID(t.Context(), 1)
	require.ErrorIs(t, err, reading.ErrUnavailable)
	_, err = orders.Newest(t.Context(), reading.Query{Limit: 1})
	require.ErrorIs(t, err, reading.ErrUnavailable)
	_, err = orders.CursorKey(t.Context())
	require.ErrorIs(t, err, reading.ErrUnavailable)
	_, err = orders.Heads(t.Context())
	require.ErrorIs(t, err, reading.ErrUnavailable)
}

var _ reading.Heads = (*postgres.Orders)(nil)

// Places in a new log count from 1; a former log's lanes end where its last orders are.
func TestHeadsAreThoseOfAllLogs(t *testing.T) {
	t.Parallel()
	p := startOn(t, testenv.Database(t))
	orders := postgres.NewOrders(p.pool)
	first := p.place(t, "Ann", "Ann", "Ann")
	_, err := p.register.Renew(t.Context(), "a test says so")
	require.NoError(t, err)
	second := p.place(t, "Ann", "Ann")
	_, err = p.pool.Exec(t.Context(), `UPDATE relay_cursor SET published = 4`)
	require.NoError(t, err)

	heads, err := orders.Heads(t.Context())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), heads.At, time.Minute)
	require.EqualValues(t, 5, heads.Orders)
	require.EqualValues(t, 4, heads.Published)
	require.Len(t, heads.Lanes, 65)
	for i, lane := range heads.Lanes[:64] {
		require.Equal(t, domain.LogLane{LogID: second[0].Place.LogID, Lane: i}, lane.LogLane)
		require.False(t, lane.Former)
		if i == second[0].Place.Lane {
			require.EqualValues(t, 2, lane.Head)
		} else {
			require.Zero(t, lane.Head)
		}
	}
	require.Equal(t, domain.LaneHead{LogLane: first[0].Place.LogLane(), Head: 3, Former: true}, heads.Lanes[64])
}

// manyOrders fills the log past the append: 200,000 orders, a thousand of a time. Half of them are by Ann, and a quarter by
// Old, who has ceased to order.
func manyOrders(t *testing.T, pool *pgxpool.Pool) (end time.Time) {
	t.Helper()
	const sql = `
		INSERT INTO orders (id, name, created_at, lane, sequence)
		SELECT i, CASE WHEN i % 2 = 0 THEN 'Ann' WHEN i < 100000 THEN 'Old' ELSE 'user ' || i % 50000 END,
			timestamptz '2026-01-01' + i / 1000 * interval '1 minute', 0, i
		FROM generate_series(1, 200000) AS i`
	_, err := pool.Exec(t.Context(), sql)
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `ANALYZE orders`)
	require.NoError(t, err)
	return time.Date(2026, 1, 1, 3, 20, 0, 0, time.UTC)
}

// plan is a node of EXPLAIN (FORMAT JSON).
type plan struct {
	Node    string `json:"Node Type"`
	Dropped int    `json:"Rows Removed by Filter"`
	Hit     int    `json:"Shared Hit Blocks"`
	Read    int    `json:"Shared Read Blocks"`
	Plans   []plan `json:"Plans"`
}

// Each list is read off the end of an index: it costs its page, not the table, nor all orders of its name.
func TestListsCostTheirPage(t *testing.T) {
	t.Parallel()
	pool := migrated(t, testenv.Database(t))
	end := manyOrders(t, pool)
	at := end.Add(-100 * time.Minute)
	for _, who := range []string{"", "Ann", "Old", "user 107", "nobody"} {
		for _, after := range []time.Time{{}, at, at.Add(time.Minute), end.Add(time.Minute)} {
			for _, before := range []time.Time{{}, at.Add(time.Hour), at.Add(-time.Hour)} {
				for _, behind := range []*reading.Position{nil, {CreatedAt: at.Add(30 * time.Minute), ID: 130_500}} {
					query := reading.Query{Behind: behind, Limit: 101}
					query.Name, query.After, query.Before = name.Restore(who), after, before
					requireCheap(t, pool, query)
				}
			}
		}
	}
}

// requireCheap runs a list under each kind of plan. The table has some 1,700 pages, and an index has 500 for Ann alone.
func requireCheap(t *testing.T, pool *pgxpool.Pool, query reading.Query) {
	t.Helper()
	const pages, dropped = 150, 2000
	sql, args := postgres.NewestSQL(query)
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		var text []byte
		require.NoError(t, pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), `SET LOCAL plan_cache_mode = `+mode); err != nil {
				return err
			}
			return tx.QueryRow(t.Context(), `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) `+sql, args...).Scan(&text)
		}))
		var explained []struct{ Plan plan }
		require.NoError(t, json.Unmarshal(text, &explained))
		top := explained[0].Plan
		require.LessOrEqual(t, top.Hit+top.Read, pages, "%s %s %v\n%s", mode, sql, args, text)
		for p := top; ; p = p.Plans[0] {
			require.NotEqual(t, "Seq Scan", p.Node)
			require.LessOrEqual(t, p.Dropped, dropped, "%s %s %v\n%s", mode, sql, args, text)
			if len(p.Plans) == 0 {
				break
			}
		}
	}
}
