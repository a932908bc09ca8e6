package tallying_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/shared/backoff"
	"ordertrack/shared/event"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
	"ordertrack/track_users/internal/domain/window"
)

func TestTally_AppliesBeforeItCommits(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	gomock.InOrder(
		b.reads(placed(0, "Ann", 1, 1), placed(1, "Bob", 2, 1), placed(2, "Ann", 1, 2)),
		b.applies(scope(1, 2)),
		b.commits(3),
		b.reads(broken(3, 2, 2), placed(4, "Bob", 2, 3)),
		b.applies(scope(2)),
		b.commits(5),
		b.reads(),
	)
	require.NoError(t, b.run(t.Context()))
	require.Equal(t, map[string]int64{"Ann": 2, "Bob": 2}, b.books.counters)
	require.Equal(t, map[int64]string{3: "name_missing"}, b.books.parkedOffsets())
}

func TestTally_CommitsNothingBeforeTheLedgerHasAppliedIt(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	gomock.InOrder(
		b.reads(placed(0, "Ann", 1, 1)),
		b.fails(tallying.ErrUnavailable),
		b.fails(tallying.ErrUnavailable),
		b.applies(scope(1)),
		b.commits(1),
		b.reads(),
	)
	require.NoError(t, b.run(t.Context()))
	require.Equal(t, map[string]int64{"Ann": 1}, b.books.counters)
}

func TestTally_CommittedOffsetStaysBehindWhatWaits(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	gomock.InOrder(
		b.reads(placed(10, "Ann", 1, 2), placed(11, "Bob", 2, 1)),
		b.applies(scope(1, 2)),
		b.commits(10),
		b.reads(placed(12, "Ann", 1, 3)),
		b.commits(10), // nothing is next: the ledger is not even asked
		b.reads(placed(13, "Ann", 1, 1)),
		b.applies(scope(1)),
		b.commits(14),
		b.reads(),
	)
	require.NoError(t, b.run(t.Context()))
	require.Equal(t, map[string]int64{"Ann": 3, "Bob": 1}, b.books.counters)
}

func TestTally_AppliesWhatExceedsABatchInSeveralTransactions(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	b.limits.Batch = 2
	gomock.InOrder(
		b.reads(placed(0, "Ann", 1, 2), placed(1, "Ann", 1, 3)),
		b.applies(scope(1)),
		b.commits(0),
		b.reads(placed(2, "Ann", 1, 4), placed(3, "Ann", 1, 1)),
		b.applies(scope(1)).Times(2),
		b.commits(4),
		b.reads(),
	)
	require.NoError(t, b.run(t.Context()))
	require.Equal(t, map[string]int64{"Ann": 4}, b.books.counters)
}

func TestTally_VerifiesTheTopicBeforeItCountsForeignEvents(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	own := domain.Scope{Stream: stream, Foreign: true}
	gomock.InOrder(
		b.reads(foreign(0, "Ann"), foreign(1, "Ann")),
		b.feed.EXPECT().Verify(gomock.Any()).Return(tallying.ErrUnavailable).Times(3),
		b.feed.EXPECT().Verify(gomock.Any()).Return(nil),
		b.applies(own),
		b.commits(2),
		b.reads(decode(2, event.Record{})),
		b.feed.EXPECT().Verify(gomock.Any()).Return(nil),
		b.applies(own),
		b.commits(3),
		b.reads(),
	)
	require.NoError(t, b.run(t.Context()))
	require.Equal(t, map[string]int64{"Ann": 2}, b.books.counters)
	require.Equal(t, map[int64]string{2: "value_empty"}, b.books.parkedOffsets())
}

func TestTally_EndsWithNothingDoneWhenTheTopicIsAnother(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	gomock.InOrder(
		b.reads(placed(0, "Ann", 1, 1), foreign(1, "Bob")),
		b.feed.EXPECT().Verify(gomock.Any()).Return(tallying.ErrStreamChanged),
	)
	err := b.run(t.Context())
	require.ErrorIs(t, err, tallying.ErrStreamChanged)
	require.ErrorContains(t, err, "user_events/5")
	require.Empty(t, b.books.taken)
}

func TestTally_EndsToReadAgainWhenTheTurnOfADroppedEventHasCome(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	b.limits.Window = window.Limits{Events: 2, Bytes: 1 << 20}
	gomock.InOrder(
		b.reads(placed(0, "Ann", 1, 4), placed(1, "Ann", 1, 3), placed(2, "Ann", 1, 2)),
		b.applies(scope(1)),
		b.commits(0),
		b.reads(placed(3, "Ann", 1, 1)),
		b.applies(scope(1)),
		b.commits(0),
	)
	require.ErrorIs(t, b.run(t.Context()), tallying.ErrRewind)
	require.Equal(t, map[string]int64{"Ann": 3}, b.books.counters)
}

func TestTally_TellsOfAFullWindowOnce(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	b.limits.Window.Events = 1
	b.feed.EXPECT().Commit(int64(0)).AnyTimes()
	b.ledger.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(b.books.Apply).AnyTimes()
	gomock.InOrder(
		b.reads(placed(0, "Ann", 1, 5), placed(1, "Ann", 1, 6)),
		b.reads(placed(2, "Ann", 1, 7)),
		b.reads(placed(3, "Bob", 2, 1)), // nothing is dropped: it is full no more
		b.reads(placed(4, "Ann", 1, 8)),
		b.reads(),
	)
	require.NoError(t, b.run(t.Context()))
	require.Equal(t, 2, strings.Count(b.logged.String(), "the window is full"))
}

func TestTally_EndsWithTheFeed(t *testing.T) {
	t.Parallel()
	broke := errors.New("connection lost")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for title, c := range map[string]struct {
		ctx       context.Context
		err, want error
	}{
		"end":                    {t.Context(), io.EOF, nil},
		"context":                {ended, context.Canceled, nil},
		"context with its cause": {ended, errors.New("partition revoked"), nil},
		"error":                  {t.Context(), broke, broke},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			b := setup(t).unmetered()
			b.feed.EXPECT().Next(gomock.Any(), b.limits.Batch, time.Duration(0)).Return(nil, c.err)
			require.ErrorIs(t, b.run(c.ctx), c.want)
		})
	}
}

func TestTally_FinishesTheBatchInHandWhenItIsToStop(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	ctx, cancel := context.WithCancel(t.Context())
	gomock.InOrder(
		b.reads(placed(0, "Ann", 1, 1)),
		b.ledger.EXPECT().Apply(gomock.Any(), scope(1), gomock.Any()).DoAndReturn(
			func(given context.Context, s domain.Scope, decide func(domain.Marks) domain.Effects) (domain.Marks, error) {
				cancel()
				return b.books.Apply(given, s, decide) // does nothing for a context that has ended
			}),
		b.commits(1),
		b.feed.EXPECT().Next(ctx, gomock.Any(), gomock.Any()).Return(nil, context.Canceled),
	)
	require.NoError(t, b.run(ctx))
	require.Equal(t, map[string]int64{"Ann": 1}, b.books.counters)
}

// It ends in the middle of a batch: what was applied until then need not be read again.
func TestTally_CommitsWhatIsAppliedThoughTheRestCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	b.limits.Batch = 1
	b.limits.Retry = backoff.Policy{Base: time.Hour, Max: time.Hour}
	ctx, cancel := context.WithCancel(t.Context())
	gomock.InOrder(
		b.feed.EXPECT().Next(gomock.Any(), 1, gomock.Any()).Return([]*domain.Event{placed(0, "Ann", 1, 1), placed(1, "Ann", 1, 2)}, nil),
		b.applies(scope(1)),
		b.fails(tallying.ErrUnavailable).Do(func(context.Context, domain.Scope, func(domain.Marks) domain.Effects) { cancel() }),
		b.commits(1),
	)
	require.NoError(t, b.run(ctx))
	require.Equal(t, map[string]int64{"Ann": 1}, b.books.counters)
}

func TestTally_TellsTheMeter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.limits.Window.Events = 1
	own := scope(1, 2)
	own.Foreign = true
	size := placed(0, "Ann", 2, 8).Size()
	applied := func(want tallying.Applied) *gomock.Call {
		return b.meter.EXPECT().Applied(gomock.Any()).Do(func(got tallying.Applied) {
			require.GreaterOrEqual(t, got.Took, time.Duration(0))
			got.Took = 0
			require.Equal(t, want, got)
		})
	}
	gomock.InOrder(
		b.reads(placed(0, "Ann", 1, 1), broken(1, 1, 2), foreign(2, "Bob"), placed(3, "Ann", 1, 1),
			placed(4, "Ann", 2, 8), placed(5, "Ann", 2, 8), placed(6, "Ann", 2, 9)),
		b.feed.EXPECT().Verify(gomock.Any()).Return(nil),
		b.fails(tallying.ErrUnavailable),
		b.meter.EXPECT().Failed(tallying.ErrUnavailable),
		b.applies(own),
		applied(tallying.Applied{Counted: 2, Foreign: 1, Parked: 1, Repeats: 2}),
		b.commits(4),
		b.meter.EXPECT().Waiting(stream, 1, size, 1),
		b.reads(placed(7, "Ann", 2, 8)), // a repeat of what waits, while nothing is applied
		b.commits(4),
		b.meter.EXPECT().Waiting(stream, 1, size, 0),
		b.reads(placed(8, "Ann", 1, 1), placed(9, "Ann", 1, 3)),
		b.applies(scope(1)),
		applied(tallying.Applied{Counted: 1, Repeats: 2}),
		b.commits(4),
		b.meter.EXPECT().Waiting(stream, 1, size, 0),
		b.reads(),
		b.meter.EXPECT().Waiting(stream, 0, 0, 0),
	)
	require.NoError(t, b.run(t.Context()))
}
