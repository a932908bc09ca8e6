package tallying_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/shared/backoff"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

var errRefused = errors.New("the database says no")

// refuseBad lets the books refuse to count one name.
func (b *books) refuseBad() {
	b.refuse = func(effects domain.Effects) error {
		if _, ok := effects.Counts[name.Restore("Bad")]; ok {
			return errRefused
		}
		return nil
	}
}

// rereads lets the feed give records again, by their offsets.
func (b *bench) rereads(records []event.Record) *gomock.Call {
	return b.feed.EXPECT().Record(gomock.Any(), gomock.Any()).DoAndReturn(
		func(_ context.Context, e *domain.Event) (*domain.Record, error) {
			return tallying.Copy(records[e.Offset]), nil
		})
}

func TestTally_ParksTheOneEventThatIsRefusedAndCountsAllOthers(t *testing.T) {
	t.Parallel()
	const batch = 40
	for _, refused := range []int64{0, 1, 19, 20, 38, 39} {
		t.Run(fmt.Sprintf("number %d", refused), func(t *testing.T) {
			t.Parallel()
			b := setup(t).unmetered()
			b.limits.Batch = batch
			b.books.refuseBad()
			events, records := make([]*domain.Event, batch), make([]event.Record, batch)
			for offset := range int64(batch) {
				who := fmt.Sprintf("user %d", offset%3)
				if offset == refused {
					who = "Bad"
				}
				records[offset] = order(who, int(offset%2), offset/2+1)
				events[offset] = decode(offset, records[offset])
			}
			b.reads(events...)
			b.rereads(records).Times(1)
			b.ledger.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(b.books.Apply).AnyTimes()
			b.feed.EXPECT().Commit(int64(batch)).Do(func(int64) {
				require.Len(t, b.books.taken, batch, "it commits when all is done, and not before")
			})
			b.reads()
			require.NoError(t, b.run(t.Context()))

			require.Equal(t, map[int64]string{refused: tallying.ReasonRefused}, b.books.parkedOffsets())
			require.Contains(t, b.books.parked[0].Fault.Detail, errRefused.Error())
			require.Equal(t, tallying.Copy(records[refused]), b.books.parked[0].Record, "to the byte")
			var counted int64
			for _, count := range b.books.counters {
				counted += count
			}
			require.EqualValues(t, batch-1, counted)
			require.Less(t, b.books.tries, 30, "it halves, and does not try one by one")
			require.Equal(t, 1, strings.Count(b.logged.String(), "parking it"))
		})
	}
}

func TestTally_ParksEachOfSeveralRefusedEvents(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	b.books.refuseBad()
	b.reads(placed(0, "Bad", 1, 1), placed(1, "Bad", 1, 2), foreign(2, "Bad"), placed(3, "Ann", 1, 3), foreign(4, "Ann"), placed(5, "Bad", 1, 4))
	b.feed.EXPECT().Record(gomock.Any(), gomock.Any()).Return(&domain.Record{}, nil).Times(4)
	b.feed.EXPECT().Verify(gomock.Any()).Return(nil)
	b.ledger.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(b.books.Apply).AnyTimes()
	b.commits(6)
	b.reads()
	require.NoError(t, b.run(t.Context()))
	const refused = tallying.ReasonRefused
	require.Equal(t, map[int64]string{0: refused, 1: refused, 2: refused, 5: refused}, b.books.parkedOffsets())
	require.Equal(t, map[string]int64{"Ann": 2}, b.books.counters)
}

// What the ledger does not even park is tried again and again: to skip it would lose it, and to pass it would park it twice.
func TestTally_NeverSkipsWhatTheLedgerDoesNotEvenPark(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t).unmetered()
		b.limits.Retry = backoff.Policy{Base: time.Second, Max: time.Second}
		refusals := 0
		b.books.refuse = func(effects domain.Effects) error {
			for _, e := range effects.Taken {
				if e.Offset == 1 && refusals < 100 {
					refusals++
					return errRefused
				}
			}
			return nil
		}
		b.reads(placed(0, "Ann", 1, 1), placed(1, "Bob", 1, 2), placed(2, "Ann", 1, 3))
		b.feed.EXPECT().Record(gomock.Any(), gomock.Any()).Return(&domain.Record{}, nil)
		b.ledger.EXPECT().Apply(gomock.Any(), scope(1), gomock.Any()).DoAndReturn(b.books.Apply).AnyTimes()
		b.feed.EXPECT().Commit(int64(3)).Do(func(int64) { require.Len(t, b.books.taken, 3) })
		b.reads()
		begin := time.Now()
		require.NoError(t, b.run(t.Context()))
		require.Equal(t, 100, refusals)
		require.Greater(t, time.Since(begin), 45*time.Second, "it pauses in between")
		require.Equal(t, 1, strings.Count(b.logged.String(), "parking it"))
		require.Equal(t, map[int64]string{1: tallying.ReasonRefused}, b.books.parkedOffsets())
		require.Equal(t, map[string]int64{"Ann": 2}, b.books.counters)
	})
}

// The refused event was applied by another consumer, which the next try finds out: nothing is parked.
func TestTally_ParksNothingThatAnotherConsumerCounted(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	b.books.refuse = func(domain.Effects) error {
		b.books.refuse = func(domain.Effects) error { return nil }
		b.books.lanes[lane(1)] = 2
		return errRefused
	}
	gomock.InOrder(
		b.reads(placed(0, "Bob", 1, 1), placed(1, "Bob", 1, 2), placed(2, "Ann", 1, 3)),
		b.applies(scope(1)).Times(2),
		b.commits(3),
		b.reads(),
	)
	require.NoError(t, b.run(t.Context()))
	require.Empty(t, b.books.parked)
	require.Equal(t, map[string]int64{"Ann": 1}, b.books.counters)
}

// The record of a refused event is asked for until there is an answer. One that is gone is parked all the same.
func TestTally_ParksARefusedEventWithoutItsRecordOnlyWhenThatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	b.books.refuseBad()
	b.reads(placed(0, "Bad", 1, 1), placed(1, "Ann", 1, 2))
	b.ledger.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(b.books.Apply).AnyTimes()
	gomock.InOrder(
		b.feed.EXPECT().Record(gomock.Any(), gomock.Any()).Return(nil, fmt.Errorf("no leader: %w", tallying.ErrUnavailable)).Times(3),
		b.feed.EXPECT().Record(gomock.Any(), gomock.Any()).Return(nil, tallying.ErrGone),
	)
	b.commits(2)
	b.reads()
	require.NoError(t, b.run(t.Context()))
	require.Equal(t, map[string]int64{"Ann": 1}, b.books.counters)
	require.Len(t, b.books.parked, 1)
	require.Nil(t, b.books.parked[0].Record)
	require.Contains(t, b.books.parked[0].Fault.Detail, errRefused.Error())
	require.Contains(t, b.books.parked[0].Fault.Detail, tallying.ErrGone.Error())
}

// Of another topic of the name no record is taken: the feed has to be opened anew.
func TestTally_ParksNothingOfATopicThatWasCreatedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	b.books.refuseBad()
	b.reads(placed(0, "Bad", 1, 1))
	b.ledger.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(b.books.Apply).AnyTimes()
	b.feed.EXPECT().Record(gomock.Any(), gomock.Any()).Return(nil, tallying.ErrStreamChanged)
	b.commits(0) // says that nothing is done with
	require.ErrorIs(t, b.run(t.Context()), tallying.ErrStreamChanged)
	require.Empty(t, b.books.parked)
}
