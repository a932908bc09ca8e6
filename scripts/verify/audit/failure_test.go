package audit_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/scripts/verify/audit"
	"ordertrack/scripts/verify/stage"
)

func TestCannotTell(t *testing.T) {
	t.Parallel()
	s := stage.New(t)
	const away = "postgres://someone:s3cret@127.0.0.1:1/orders?sslmode=disable"
	for name, c := range map[string]struct {
		databases audit.Databases
		want      string
	}{
		"orders are away":      {audit.Databases{Orders: away, Track: s.Databases.Track}, "database orders: "},
		"track_users are away": {audit.Databases{Orders: s.Databases.Orders, Track: away}, "database track_users: "},
		"no schema of orders": {
			audit.Databases{Orders: testenv.Database(t), Track: s.Databases.Track},
			`database orders: read the log's row: relation "order_log" does not exist: its schema is not there yet`,
		},
		"no schema of track_users": {
			audit.Databases{Orders: s.Databases.Orders, Track: testenv.Database(t)},
			`database track_users: read the marks: relation "lane_mark" does not exist: its schema is not there yet`,
		},
		"no address": {
			audit.Databases{Orders: "postgres://someone:s3cret@:port/orders", Track: s.Databases.Track},
			"database orders: the address is not one such as postgres://user@localhost:5432/orders",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := audit.Run(t.Context(), c.databases)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
}

func TestAwaitRestSaysWhatIsOpen(t *testing.T) {
	t.Parallel()
	s := setup(t)
	require.NoError(t, s.Order(t.Context(), "Ann", 1, 2))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err := audit.AwaitRest(ctx, s.Databases)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "2 events are on their way")
}

func TestAwaitRestEndsWithTheLastEvent(t *testing.T) {
	t.Parallel()
	s := setup(t)
	require.NoError(t, s.Order(t.Context(), "Ann", 1, 2))
	rest := make(chan error, 1)
	go func() { rest <- audit.AwaitRest(t.Context(), s.Databases) }()
	require.NoError(t, s.Count(t.Context(), "Ann", 1, 1))
	select {
	case err := <-rest:
		require.Fail(t, "there is an event on its way", err)
	default:
	}
	require.NoError(t, s.Count(t.Context(), "Ann", 1, 1))
	require.NoError(t, <-rest)
}

// TestMemoryDoesNotGrow compares 100,000 names of some 200 bytes, in less memory than a third of them would take. It is
// not parallel: it would measure the others.
func TestMemoryDoesNotGrow(t *testing.T) { //nolint:paralleltest // see above
	const names, bound = 100_000, 8 << 20
	s := stage.New(t)
	exec(t, s.Orders.Exec, `
		INSERT INTO orders (id, name, created_at, lane, sequence)
		SELECT i, repeat(md5(i::text), 6) || i, now(), 5, i FROM generate_series(1, 100000) i`)
	exec(t, s.Orders.Exec, `UPDATE order_log SET last_id = 100000; UPDATE order_lane SET head = 100000 WHERE lane = 5`)
	exec(t, s.Track.Exec, `
		INSERT INTO track_user (name, counter)
		SELECT repeat(md5(i::text), 6) || i, 1 FROM generate_series(1, 100000) i`)
	require.NoError(t, s.Count(t.Context(), "to be removed", 5, names))
	exec(t, s.Track.Exec, `DELETE FROM track_user WHERE name = 'to be removed'`)

	before, peak := heap(), atomic.Uint64{}
	done, sampled := make(chan struct{}), make(chan int)
	go func() {
		for n := 1; ; n++ {
			peak.Store(max(peak.Load(), heap()))
			select {
			case <-done:
				sampled <- n
				return
			default:
			}
		}
	}()
	report, err := audit.Run(t.Context(), s.Databases)
	close(done)
	require.Greater(t, <-sampled, 20)
	require.NoError(t, err)
	require.Equal(t, "verified: 100000 orders by 100000 users, 100000 counters exact, 64 lanes dense, lag 0", report.String())
	require.Less(t, peak.Load(), before+bound)
}

// heap is how many bytes are in use, after what is not was collected.
func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
