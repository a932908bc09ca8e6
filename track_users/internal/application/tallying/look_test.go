package tallying_test

import (
	"context"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/shared/backoff"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/application/tallying/mocks"
	"ordertrack/track_users/internal/domain"
	"ordertrack/track_users/internal/domain/window"
)

// next is one reading of a feed, in a bubble of synctest: what comes after some time, unless patience is over before.
type next struct {
	after   time.Duration
	records []*domain.Event
	before  func() // is called before it waits
}

// script lets the feed give one reading after the other, and tells how patient each was.
func (b *bench) script(readings ...next) *[]time.Duration {
	asked := make([]time.Duration, 0, len(readings))
	b.feed.EXPECT().Next(gomock.Any(), b.limits.Batch, gomock.Any()).DoAndReturn(
		func(_ context.Context, _ int, patience time.Duration) ([]*domain.Event, error) {
			if len(readings) == 0 {
				return nil, io.EOF
			}
			asked = append(asked, patience)
			if readings[0].before != nil {
				readings[0].before()
			}
			if patience > 0 && patience < readings[0].after {
				time.Sleep(patience)
				readings[0].after -= patience
				return nil, nil
			}
			reading := readings[0]
			readings = readings[1:]
			time.Sleep(reading.after)
			return reading.records, nil
		}).AnyTimes()
	b.feed.EXPECT().Commit(gomock.Any()).AnyTimes()
	return &asked
}

// looks notes when the ledger is asked about lane 1.
func (b *bench) looks() *[]time.Duration {
	begin, times := time.Now(), []time.Duration{}
	b.ledger.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(
		func(ctx context.Context, s domain.Scope, decide func(domain.Marks) domain.Effects) (domain.Marks, error) {
			for _, l := range s.Lanes {
				if l == lane(1) {
					times = append(times, time.Since(begin))
				}
			}
			return b.books.Apply(ctx, s, decide)
		}).AnyTimes()
	return &times
}

func TestTally_LooksLessAndLessOftenForWhatAnotherConsumerApplies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t).unmetered()
		times := b.looks()
		asked := b.script(
			next{records: []*domain.Event{placed(0, "Ann", 1, 2)}},
			next{after: 4 * time.Second},
		)
		require.NoError(t, b.run(t.Context()))
		require.Zero(t, (*asked)[0], "nothing waits: there is no need to look")
		longest := []int64{100, 200, 400, 800, 1000, 1000}
		for i, most := range longest {
			require.InDelta(t, most*3/4, (*asked)[i+1].Milliseconds(), float64(most/4+1), "look %d", i)
		}
		require.Greater(t, len(*times), len(longest), "a look asks the ledger")
		require.Empty(t, b.books.taken)
	})
}

func TestTally_FindsByALookWhatAnotherConsumerAppliedAndIsPatientAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t).unmetered()
		b.looks()
		moved := false
		asked := b.script(
			next{records: []*domain.Event{placed(0, "Ann", 1, 2), placed(1, "Ann", 1, 3)}},
			next{after: 700 * time.Millisecond},
			next{before: func() {
				if !moved {
					b.books.lanes[lane(1)], moved = 2, true
				}
			}, after: time.Second},
			next{after: time.Hour},
			next{records: []*domain.Event{placed(2, "Ann", 1, 5)}},
			next{after: time.Nanosecond},
		)
		require.NoError(t, b.run(t.Context()))
		require.Equal(t, map[string]int64{"Ann": 1}, b.books.counters, "3; the other consumer counted 1 and 2")
		require.Contains(t, *asked, time.Duration(0))
		require.LessOrEqual(t, (*asked)[len(*asked)-1], 100*time.Millisecond, "it begins anew with short pauses")
	})
}

func TestTally_LooksEvenWhileTheStreamIsBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t).unmetered()
		times := b.looks()
		readings := append(make([]next, 0, 101), next{records: []*domain.Event{placed(0, "Ann", 1, 2)}})
		for i := range int64(100) {
			readings = append(readings, next{after: 10 * time.Millisecond, records: []*domain.Event{placed(i+1, "Bob", 2, i+1)}})
		}
		b.script(readings...)
		require.NoError(t, b.run(t.Context()))
		require.Equal(t, map[string]int64{"Bob": 100}, b.books.counters)
		require.Greater(t, len(*times), 5, "at least every 100 ms within a second")
		require.Less(t, len(*times), 30, "and not with every batch")
	})
}

// What is before it is applied by a neighbour: that is told, and no look is needed.
func TestTally_GoesOnAtOnceWhenANeighbourHasAppliedWhatIsBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, other := setup(t).unmetered(), setup(t).unmetered()
		b.limits.Look = backoff.Policy{Base: time.Hour, Max: time.Hour}
		other.books, other.all = b.books, b.all
		b.feed.EXPECT().Commit(gomock.Any()).AnyTimes()
		other.feed.EXPECT().Commit(gomock.Any()).AnyTimes()
		var locked sync.Mutex // as the rows are
		for _, ledger := range []*mocks.MockLedger{b.ledger, other.ledger} {
			ledger.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(
				func(ctx context.Context, s domain.Scope, decide func(domain.Marks) domain.Effects) (domain.Marks, error) {
					locked.Lock()
					defer locked.Unlock()
					return b.books.Apply(ctx, s, decide)
				}).AnyTimes()
		}
		gomock.InOrder(
			b.reads(placed(0, "Ann", 1, 3), placed(1, "Ann", 2, 2)),
			b.waitsUntilWoken().MinTimes(2),
		)
		otherGoesOn := make(chan struct{})
		gomock.InOrder(
			other.reads(placed(0, "Bob", 1, 1)), // not far enough for anybody
			other.feed.EXPECT().Next(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(
				func(context.Context, int, time.Duration) ([]*domain.Event, error) {
					<-otherGoesOn
					return []*domain.Event{placed(1, "Bob", 1, 2)}, nil
				}),
			other.reads(placed(2, "Bob", 2, 1)),
			other.reads(),
		)
		begin := time.Now()
		ended := make(chan error, 2)
		go func() { ended <- b.run(t.Context()) }()
		synctest.Wait()
		go func() { ended <- other.run(t.Context()) }()
		synctest.Wait()
		require.Equal(t, map[string]int64{"Bob": 1}, b.books.counters)
		close(otherGoesOn)
		require.NoError(t, <-ended)
		require.NoError(t, <-ended)
		require.Zero(t, time.Since(begin))
		require.Equal(t, map[string]int64{"Ann": 2, "Bob": 3}, b.books.counters)
	})
}

// The feed may have something at the very moment when a neighbour wakes the one that waits for it.
func TestTally_TakesWhatIsReadWhileItIsWoken(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	b.ledger.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(b.books.Apply).AnyTimes()
	b.feed.EXPECT().Commit(gomock.Any()).AnyTimes()
	gomock.InOrder(
		b.reads(placed(0, "Ann", 1, 2)),
		b.feed.EXPECT().Next(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(
			func(ctx context.Context, _ int, _ time.Duration) ([]*domain.Event, error) {
				b.books.lanes[lane(1)] = 1
				b.all.Tell(map[domain.Lane]int64{lane(1): 1})
				require.Error(t, ctx.Err())
				return []*domain.Event{placed(1, "Bob", 1, 3)}, nil
			}),
		b.reads(),
	)
	require.NoError(t, b.run(t.Context()))
	require.Equal(t, map[string]int64{"Ann": 1, "Bob": 1}, b.books.counters)
}

// waitsUntilWoken is a reading that gives nothing, and has no end of its own as long as anything waits.
func (b *bench) waitsUntilWoken() *gomock.Call {
	return b.feed.EXPECT().Next(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(
		func(ctx context.Context, _ int, patience time.Duration) ([]*domain.Event, error) {
			if patience == 0 {
				return nil, io.EOF
			}
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})
}

// All that waited was dropped, so nothing waits: it still has to find out when the turn of what was dropped has come.
func TestTally_LooksWhenEverythingWasDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t).unmetered()
		b.limits.Window = window.Limits{Events: 0, Bytes: 1 << 20}
		b.looks()
		b.script(
			next{records: []*domain.Event{placed(0, "Ann", 1, 2)}},
			next{before: func() { b.books.lanes[lane(1)] = 1 }, after: time.Hour},
		)
		begin := time.Now()
		require.ErrorIs(t, b.run(t.Context()), tallying.ErrRewind)
		require.LessOrEqual(t, time.Since(begin), 100*time.Millisecond)
	})
}

// Another consumer applied all that was dropped here: what waits after that is looked for at once, not at the slow pace.
func TestTally_IsPatientAnewWhenNothingIsMissingAnyMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t).unmetered()
		b.limits.Window = window.Limits{Events: 0, Bytes: 1 << 20}
		b.looks()
		asked := b.script(
			next{records: []*domain.Event{placed(0, "Ann", 1, 2)}},
			next{after: 5 * time.Second},
			next{before: func() { b.books.lanes[lane(1)] = 2 }, after: 5 * time.Second},
			next{records: []*domain.Event{placed(1, "Ann", 1, 4)}},
			next{after: time.Nanosecond},
		)
		require.NoError(t, b.run(t.Context()))
		require.Greater(t, slices.Max(*asked), 500*time.Millisecond)
		require.LessOrEqual(t, (*asked)[len(*asked)-1], 100*time.Millisecond)
	})
}
