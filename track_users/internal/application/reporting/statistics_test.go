package reporting_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/track_users/internal/application/reporting"
	"ordertrack/track_users/internal/application/reporting/mocks"
	"ordertrack/track_users/internal/domain"
)

// here is a position that is not noted yet.
var here = domain.Position{Stream: domain.Stream{Partition: 1}, Next: 8}

func statistics(t *testing.T) (*mocks.MockBook, *mocks.MockTopic, *reporting.Reporter) {
	t.Helper()
	ctrl := gomock.NewController(t)
	book, topic := mocks.NewMockBook(ctrl), mocks.NewMockTopic(ctrl)
	reader := mocks.NewMockReader(ctrl)
	reader.EXPECT().Positions().Return([]domain.Position{here}).AnyTimes()
	return book, topic, reporting.New(book, reader, topic, nil)
}

// However many ask, the counters are added up once, and again only after as long a rest as that deserves.
func TestStatistics_AreMadeOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const takes = 300 * time.Millisecond
		book, topic, reporter := statistics(t)
		noted := domain.Position{Next: 7}
		backlogs := []domain.Backlog{{Next: 7, End: 9}}
		times := int64(0)
		book.EXPECT().Totals(gomock.Any()).DoAndReturn(func(context.Context) (domain.Totals, error) {
			times++
			time.Sleep(takes)
			return domain.Totals{Users: times}, nil
		}).Times(2)
		book.EXPECT().Progress(gomock.Any()).Return(domain.Progress{Positions: []domain.Position{noted}}, nil).Times(2)
		topic.EXPECT().Backlogs(gomock.Any(), []domain.Position{noted, here}).DoAndReturn(
			func(context.Context, []domain.Position) ([]domain.Backlog, error) {
				time.Sleep(takes) // it costs the database nothing
				return backlogs, nil
			}).Times(2)
		ask := func(want int64) {
			got, err := reporter.Statistics(t.Context())
			require.NoError(t, err)
			require.Equal(t, domain.Statistics{Totals: domain.Totals{Users: want}, Backlogs: backlogs}, got)
		}
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() { ask(1) })
		}
		all.Wait()
		time.Sleep(10*takes - time.Millisecond)
		ask(1)
		time.Sleep(time.Millisecond)
		ask(2)
	})
}

func TestStatistics_WithoutABroker(t *testing.T) {
	t.Parallel()
	book, topic, reporter := statistics(t)
	book.EXPECT().Totals(gomock.Any()).Return(domain.Totals{Users: 3}, nil)
	book.EXPECT().Progress(gomock.Any()).Return(domain.Progress{}, nil)
	topic.EXPECT().Backlogs(gomock.Any(), gomock.Any()).Return(nil, errAway)
	got, err := reporter.Statistics(t.Context())
	require.NoError(t, err)
	require.Equal(t, domain.Statistics{Totals: domain.Totals{Users: 3}}, got)
}

func TestStatistics_Failures(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	t.Run("totals", func(t *testing.T) {
		t.Parallel()
		book, _, reporter := statistics(t)
		book.EXPECT().Totals(gomock.Any()).Return(domain.Totals{}, errAway).Times(2) // what failed is not kept
		for range 2 {
			_, err := reporter.Statistics(t.Context())
			require.ErrorIs(t, err, reporting.ErrUnavailable)
		}
	})
	t.Run("progress", func(t *testing.T) {
		t.Parallel()
		book, _, reporter := statistics(t)
		book.EXPECT().Totals(gomock.Any()).Return(domain.Totals{}, nil)
		book.EXPECT().Progress(gomock.Any()).Return(domain.Progress{}, errAway)
		_, err := reporter.Statistics(t.Context())
		require.ErrorIs(t, err, reporting.ErrUnavailable)
	})
	t.Run("topic", func(t *testing.T) {
		t.Parallel()
		book, topic, reporter := statistics(t)
		book.EXPECT().Totals(gomock.Any()).Return(domain.Totals{}, nil)
		book.EXPECT().Progress(gomock.Any()).Return(domain.Progress{}, nil)
		topic.EXPECT().Backlogs(gomock.Any(), gomock.Any()).Return(nil, broken)
		_, err := reporter.Statistics(t.Context())
		require.ErrorIs(t, err, broken)
	})
	t.Run("a caller that has gone while another asks", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			book, _, reporter := statistics(t)
			proceed := make(chan struct{})
			book.EXPECT().Totals(gomock.Any()).DoAndReturn(func(context.Context) (domain.Totals, error) {
				<-proceed
				return domain.Totals{}, errAway
			})
			var first sync.WaitGroup
			first.Go(func() { _, _ = reporter.Statistics(t.Context()) })
			synctest.Wait()
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(broken)
			_, err := reporter.Statistics(ctx)
			require.ErrorIs(t, err, broken)
			close(proceed)
			first.Wait()
		})
	})
}

func TestLagIsThatOfAllStreams(t *testing.T) {
	t.Parallel()
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	events, oldest := domain.Statistics{Backlogs: []domain.Backlog{
		{Next: 3, End: 3}, {Next: 0, End: 5, Oldest: late}, {Next: 7, End: 9, Oldest: early}, {Next: 1, End: 2},
	}}.Lag()
	require.EqualValues(t, 8, events)
	require.Equal(t, early, oldest)
}
