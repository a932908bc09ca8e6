package rig_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/bench/load"
	"ordertrack/scripts/bench/rig"
	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

const (
	patience = time.Minute
	often    = 50 * time.Millisecond
)

// query reads one row of one column.
func query[T any](t require.TestingT, r *rig.Rig, database, sql string) (value T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, r.Query(ctx, database, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, sql).Scan(&value) }))
	return value
}

// counts are all users with their number, as one text.
const (
	countsOfOrders = `SELECT coalesce(jsonb_object_agg(name, n), '{}') FROM (SELECT name, count(*) AS n FROM orders GROUP BY name) AS o`
	countsOfUsers  = `SELECT coalesce(jsonb_object_agg(name, counter), '{}') FROM track_user`
)

// TestTwoLogsFeedOneTrackUsers is how writing is scaled: two orders databases, each with a service of its own, publish on
// one topic, with the same names, and one track_users counts both. It is killed in the middle.
func TestTwoLogsFeedOneTrackUsers(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the programs and starts a system of its own")
	}
	t.Parallel()
	cache, err := testenv.CacheDir()
	require.NoError(t, err)
	r, err := rig.Start(t.Context(), rig.Options{Dir: testenv.DataDir(t), CacheDir: cache, Broker: broker.Embedded})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close(context.Background())) })
	topic, _, err := r.Topic(t.Context())
	require.NoError(t, err)
	start := func(program, database string) *rig.Service {
		service, err := r.Run(t.Context(), rig.Spec{Program: program, Env: []string{
			"DATABASE_URL=" + database, "KAFKA_BROKERS=" + r.Broker.Addr(), "KAFKA_TOPIC=" + topic, "KAFKA_GROUP=counts",
		}})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, service.Kill()) })
		return service
	}
	database := func() string {
		url, _, err := r.Database(t.Context())
		require.NoError(t, err)
		return url
	}
	first, second, users := database(), database(), database()
	tracker := start(rig.TrackUsers, users)
	const each, names = 1500, 40
	var clients sync.WaitGroup
	errs := make([]error, 2)
	for i, log := range []*rig.Service{start(rig.OrderService, first), start(rig.OrderService, second)} {
		clients.Go(func() {
			_, errs[i] = load.Open{
				Target: load.Target{Addr: log.API, Users: names}, Clients: 16, Rate: each, Lasts: time.Second,
			}.Run(t.Context())
		})
	}
	const counted = `SELECT coalesce(sum(counter), 0)::bigint FROM track_user`
	require.Eventually(t, func() bool { return query[int64](t, r, users, counted) > 0 }, patience, often)
	require.NoError(t, tracker.Kill())
	tracker = start(rig.TrackUsers, users)
	clients.Wait()
	require.NoError(t, errs[0])
	require.NoError(t, errs[1])

	require.EventuallyWithT(t, func(c *assert.CollectT) {
		require.EqualValues(c, 2*each, query[int64](c, r, users, counted))
	}, patience, often)
	want := query[map[string]int64](t, r, first, countsOfOrders)
	for who, orders := range query[map[string]int64](t, r, second, countsOfOrders) {
		want[who] += orders
	}
	require.Equal(t, want, query[map[string]int64](t, r, users, countsOfUsers))
	require.EqualValues(t, 2, query[int64](t, r, users, `SELECT count(DISTINCT source) FROM lane_mark WHERE applied > 0`))
	for _, log := range []string{first, second} {
		require.EqualValues(t, each, query[int64](t, r, log, `SELECT last_id FROM order_log`), "ids are those of a log: each begins at 1")
	}
	require.NoError(t, tracker.Stop(t.Context()))
}
