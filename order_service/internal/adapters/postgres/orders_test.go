package postgres_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/postgres"
	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/application/reading/orderstest"
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
}

// manyOrders fills the log past the append: 200,000 orders, a thousand of a time, half of them by one name.
func manyOrders(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	const sql = `
		INSERT INTO orders (id, name, created_at, lane, sequence)
		SELECT i, CASE WHEN i % 2 = 0 THEN 'Ann' ELSE 'user ' || i % 50000 END,
			timestamptz '2026-01-01' + i / 1000 * interval '1 minute', 0, i
		FROM generate_series(1, 200000) AS i`
	_, err := pool.Exec(t.Context(), sql)
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `ANALYZE orders`)
	require.NoError(t, err)
}

// plan is a node of EXPLAIN (FORMAT JSON).
type plan struct {
	Node      string `json:"Node Type"`
	Rows      int    `json:"Plan Rows"`
	Index     string `json:"Index Name"`
	Condition string `json:"Index Cond"`
	Filter    string `json:"Filter"`
	Plans     []plan `json:"Plans"`
}

// Each list is read off the end of an index, by what stands in the index alone: it costs its page, not the table.
func TestListsAreReadOffAnIndex(t *testing.T) {
	t.Parallel()
	pool := migrated(t, testenv.Database(t))
	manyOrders(t, pool)
	at := time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC)
	for _, who := range []string{"", "Ann", "user 7", "nobody"} {
		for _, after := range []time.Time{{}, at} {
			for _, before := range []time.Time{{}, at.Add(time.Hour)} {
				for _, behind := range []*reading.Position{nil, {CreatedAt: at.Add(30 * time.Minute), ID: 90_500}} {
					query := reading.Query{Behind: behind, Limit: 101}
					query.Name, query.After, query.Before = name.Restore(who), after, before
					index := "orders_by_time"
					if who != "" {
						index = "orders_by_name"
					}
					requirePlan(t, pool, query, index)
				}
			}
		}
	}
}

func requirePlan(t *testing.T, pool *pgxpool.Pool, query reading.Query, index string) {
	t.Helper()
	sql, args := postgres.NewestSQL(query)
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		var text []byte
		require.NoError(t, pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), `SET LOCAL plan_cache_mode = `+mode); err != nil {
				return err
			}
			return tx.QueryRow(t.Context(), `EXPLAIN (FORMAT JSON) `+sql, args...).Scan(&text)
		}))
		var explained []struct{ Plan plan }
		require.NoError(t, json.Unmarshal(text, &explained))
		limit := explained[0].Plan
		require.Equal(t, "Limit", limit.Node)
		scan := limit.Plans[0]
		if scan.Node == "Sort" && scan.Rows <= query.Limit { // so few that their order in the index gains nothing
			requireScan(t, scan, index)
			continue
		}
		require.Equal(t, "Index Scan", scan.Node, "%s %s\n%s", mode, sql, text)
		require.Equal(t, index, scan.Index, "%s\n%s", sql, text)
		require.Empty(t, scan.Filter, "%s\n%s", sql, text)
		require.Equal(t, strings.Count(sql, " >= ")+strings.Count(sql, " < ")+strings.Count(sql, " <= "),
			strings.Count(scan.Condition, " >= ")+strings.Count(scan.Condition, " < ")+strings.Count(scan.Condition, " <= "),
			"every bound is in the index\n%s\n%s", sql, text)
	}
}

// requireScan follows a plan down to what is read.
func requireScan(t *testing.T, p plan, index string) {
	t.Helper()
	for len(p.Plans) > 0 {
		require.Empty(t, p.Filter)
		p = p.Plans[0]
	}
	require.Equal(t, index, p.Index)
}
