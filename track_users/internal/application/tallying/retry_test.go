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
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

func TestTally_TriesAgainWithGrowingPausesUntilTheLedgerIsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t).unmetered()
		b.limits.Retry = backoff.Policy{Base: time.Second, Max: 10 * time.Second}
		const failures = 500
		gomock.InOrder(
			b.reads(placed(0, "Ann", 1, 1)),
			b.fails(fmt.Errorf("dial: %w", tallying.ErrUnavailable)).Times(failures),
			b.applies(scope(1)),
			b.commits(1),
			b.reads(),
		)
		begin := time.Now()
		require.NoError(t, b.run(t.Context()))
		took, longest := time.Since(begin), 1+2+4+8+10*(failures-4)
		require.LessOrEqual(t, took, time.Duration(longest)*time.Second)
		require.GreaterOrEqual(t, took, time.Duration(longest)*time.Second/2)
		require.Equal(t, map[string]int64{"Ann": 1}, b.books.counters)
		require.Equal(t, 1, strings.Count(b.logged.String(), "trying again"), "one line for an outage, not one a try")
		require.Contains(t, b.logged.String(), "failures=500")
	})
}

func TestTally_StopsTryingWhenItIsToStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for title, records := range map[string][]*domain.Event{
			"apply":  {placed(0, "Ann", 1, 1)},
			"verify": {foreign(0, "Ann")},
		} {
			b := setup(t).unmetered()
			b.limits.Retry = backoff.Policy{Base: time.Hour, Max: time.Hour}
			b.ledger.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).Return(b.books.marks(scope()), tallying.ErrUnavailable).AnyTimes()
			b.feed.EXPECT().Verify(gomock.Any()).Return(tallying.ErrUnavailable).AnyTimes()
			b.feed.EXPECT().Commit(int64(0)).AnyTimes() // says that nothing is done with
			b.reads(records...)
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			begin := time.Now()
			require.NoError(t, b.run(ctx), title)
			require.Equal(t, 24*time.Hour, time.Since(begin), "%s: it ends in the middle of a pause", title)
			require.Empty(t, b.books.taken)
			cancel()
		}
	})
}

// The answer to a transaction was lost, and it had been applied: to apply again must not count again.
func TestTally_CountsOnceWhatWasAppliedThoughTheAnswerWasLost(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	lost := 3
	b.books.lose = func() error {
		if lost--; lost >= 0 {
			return tallying.ErrUnavailable
		}
		return nil
	}
	own := scope(1)
	own.Foreign = true
	gomock.InOrder(
		b.reads(placed(0, "Ann", 1, 1), broken(1, 1, 2), foreign(2, "Bob")),
		b.feed.EXPECT().Verify(gomock.Any()).Return(nil),
		b.applies(own).Times(4),
		b.commits(3),
		b.reads(),
	)
	require.NoError(t, b.run(t.Context()))
	require.Equal(t, map[string]int64{"Ann": 1, "Bob": 1}, b.books.counters)
	require.Len(t, b.books.parked, 1)
}

// A ledger that refuses before it has even asked refuses none of the events.
func TestTally_ParksNothingForARefusalThatIsAboutNoEvent(t *testing.T) {
	t.Parallel()
	b := setup(t).unmetered()
	gomock.InOrder(
		b.reads(placed(0, "Ann", 1, 1)),
		b.fails(errors.New("permission denied")).Times(5),
		b.ledger.EXPECT().Apply(gomock.Any(), scope(1), gomock.Any()).DoAndReturn(
			func(_ context.Context, s domain.Scope, decide func(domain.Marks) domain.Effects) (domain.Marks, error) {
				require.Len(t, decide(b.books.marks(s)).Taken, 1)
				return domain.Marks{}, tallying.ErrUnavailable
			}),
		b.fails(errors.New("permission denied")), // which is not about what was decided before
		b.applies(scope(1)),
		b.commits(1),
		b.reads(),
	)
	require.NoError(t, b.run(t.Context()))
	require.Equal(t, map[string]int64{"Ann": 1}, b.books.counters)
	require.Empty(t, b.books.parked)
}
