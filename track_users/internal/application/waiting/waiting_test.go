package waiting_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/localstack/testenv"
	tallies "ordertrack/track_users/internal/application/tallying/mocks"
	"ordertrack/track_users/internal/application/waiting"
	"ordertrack/track_users/internal/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var lane = domain.Lane{Source: "/order_service/logs/x", Number: 3}

func at(sequence int64) domain.Place { return domain.Place{Lane: lane, Sequence: sequence} }

// marks count the looks at them.
type marks struct {
	applied, looks atomic.Int64
	takes          atomic.Int64 // how long a look takes
	away           atomic.Bool
}

func (m *marks) Applied(_ context.Context, lanes []domain.Lane) (map[domain.Lane]int64, error) {
	m.looks.Add(1)
	time.Sleep(time.Duration(m.takes.Load()))
	if m.away.Load() {
		return nil, fmt.Errorf("%w: connection refused", waiting.ErrUnavailable)
	}
	applied := make(map[domain.Lane]int64, len(lanes))
	for _, one := range lanes {
		applied[one] = m.applied.Load()
	}
	return applied, nil
}

// watch runs a test in a bubble with a watcher that runs.
func watch(t *testing.T, test func(t *testing.T, m *marks, w *waiting.Watcher, log *testenv.Log)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m, log := &marks{}, &testenv.Log{}
		w := waiting.New(m, log.Logger())
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = w.Run(ctx) })
		test(t, m, w, log)
		cancel()
		running.Wait()
	})
}

func TestAThousandWaitersCostWhatOneCosts(t *testing.T) {
	t.Parallel()
	const takes = time.Second
	looks := func(waiters int) (n int64) {
		watch(t, func(t *testing.T, m *marks, w *waiting.Watcher, _ *testenv.Log) {
			var all sync.WaitGroup
			for i := range waiters {
				all.Go(func() {
					place := domain.Place{Lane: domain.Lane{Source: lane.Source, Number: i % 64}, Sequence: int64(i + 1)}
					require.NoError(t, w.Wait(t.Context(), place, 2*takes))
				})
			}
			time.Sleep(takes)
			m.applied.Store(int64(waiters))
			all.Wait()
			n = m.looks.Load()
			time.Sleep(takes)
			require.Equal(t, n, m.looks.Load(), "when nobody waits, nothing is looked at")
		})
		return n
	}
	one := looks(1)
	require.InDelta(t, float64(takes/waiting.Every), float64(one), 3)
	require.InDelta(t, float64(one), float64(looks(1000)), 2)
}

func TestWhatIsAppliedAlreadyIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, m *marks, w *waiting.Watcher, _ *testenv.Log) {
		m.applied.Store(7)
		begin := time.Now()
		require.NoError(t, w.Wait(t.Context(), at(7), 0+time.Second))
		require.Zero(t, time.Since(begin))
		go func() { _ = w.Wait(t.Context(), at(8), 300*time.Millisecond) }()
		time.Sleep(100*time.Millisecond + waiting.Gap)
		begin = time.Now()
		require.NoError(t, w.Wait(t.Context(), at(6), time.Second))
		require.LessOrEqual(t, time.Since(begin), waiting.Gap, "although others wait")
		time.Sleep(time.Second)
	})
}

func TestWhatIsAppliedHereIsKnownWithoutALook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := waiting.New(&marks{}, nil) // nobody looks: Run does not run
		applied := domain.Marks{Lanes: map[domain.Lane]int64{lane: 7}}
		inner := tallies.NewMockLedger(gomock.NewController(t))
		ledger := waiting.Tell(w, inner)
		failed := errors.New("rolled back")
		inner.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).Return(applied, failed)
		inner.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).Return(applied, nil)

		outcome := make(chan error, 2)
		go func() { outcome <- w.Wait(t.Context(), at(7), time.Hour) }()
		go func() { outcome <- w.Wait(t.Context(), at(8), time.Hour) }()
		synctest.Wait()
		_, err := ledger.Apply(t.Context(), domain.Scope{}, nil)
		require.ErrorIs(t, err, failed)
		synctest.Wait()
		require.Empty(t, outcome, "what was not committed is not applied")
		_, err = ledger.Apply(t.Context(), domain.Scope{}, nil)
		require.NoError(t, err)
		require.NoError(t, <-outcome)
		synctest.Wait()
		require.Empty(t, outcome, "8 is not applied")
		w.Stop()
		require.ErrorIs(t, <-outcome, waiting.ErrStopping)
		w.Stop()
		require.ErrorIs(t, w.Wait(t.Context(), at(8), time.Hour), waiting.ErrStopping)
	})
}

func TestHowAWaitEnds(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, m *marks, w *waiting.Watcher, log *testenv.Log) {
		begin := time.Now()
		require.ErrorIs(t, w.Wait(t.Context(), at(1), 3*time.Second), waiting.ErrNotYet)
		require.Equal(t, 3*time.Second, time.Since(begin))

		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(gone) })
		require.ErrorIs(t, w.Wait(ctx, at(1), 3*time.Second), gone)

		m.away.Store(true)
		require.ErrorIs(t, w.Wait(t.Context(), at(1), time.Second), waiting.ErrUnavailable)
		require.Equal(t, 1, strings.Count(log.String(), "cannot read the marks"))
		time.AfterFunc(time.Second, func() { m.away.Store(false); m.applied.Store(1) })
		require.NoError(t, w.Wait(t.Context(), at(1), 3*time.Second), "it goes on by itself")
	})
}

// Whoever asks without a wait is told how it is now, and not that nobody has looked yet.
func TestAWaitOfNoTimeAsksHowItIs(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, m *marks, w *waiting.Watcher, _ *testenv.Log) {
		m.applied.Store(7)
		m.takes.Store(int64(100 * time.Millisecond))
		for range 20 {
			require.NoError(t, w.Wait(t.Context(), at(7), 0))
			require.ErrorIs(t, w.Wait(t.Context(), at(8), 0), waiting.ErrNotYet)
		}
		go func() { _ = w.Wait(t.Context(), at(9), 130*time.Millisecond) }()
		time.Sleep(50 * time.Millisecond)
		m.applied.Store(8) // behind the look that is under way
		require.NoError(t, w.Wait(t.Context(), at(8), 0), "only a look that began later tells")

		m.away.Store(true)
		require.ErrorIs(t, w.Wait(t.Context(), at(8), 0), waiting.ErrUnavailable)
		m.takes.Store(int64(time.Hour))
		begin := time.Now()
		require.ErrorIs(t, w.Wait(t.Context(), at(8), time.Second), waiting.ErrUnavailable, "nobody knows")
		require.Equal(t, time.Second+waiting.Grace, time.Since(begin))
	})
}
