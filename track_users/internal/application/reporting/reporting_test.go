package reporting_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/track_users/internal/application/reporting"
	"ordertrack/track_users/internal/application/reporting/mocks"
	"ordertrack/track_users/internal/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errAway = fmt.Errorf("%w: connection refused", reporting.ErrUnavailable)

func setup(t *testing.T) (*mocks.MockBook, *mocks.MockReader, *testenv.Log, *reporting.Reporter) {
	t.Helper()
	ctrl, log := gomock.NewController(t), &testenv.Log{}
	book, reader := mocks.NewMockBook(ctrl), mocks.NewMockReader(ctrl)
	return book, reader, log, reporting.New(book, reader, mocks.NewMockTopic(ctrl), log.Logger())
}

// run runs the reporter for so long.
func run(t *testing.T, reporter *reporting.Reporter, long time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	require.NoError(t, reporter.Run(ctx))
}

func TestReporter_NotesPositionsAlsoWhenTheyDoNotMove(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		book, reader, _, reporter := setup(t)
		positions := []domain.Position{{Stream: domain.Stream{Partition: 3}, Next: 7}}
		reader.EXPECT().Positions().Return(positions).Times(3)
		book.EXPECT().Note(gomock.Any(), positions).Return(nil).Times(3)
		run(t, reporter, 3*reporting.Every+reporting.Every/2)
	})
}

func TestReporter_NotesNothingWhenNothingIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, reader, _, reporter := setup(t)
		reader.EXPECT().Positions().Return(nil).MinTimes(1)
		run(t, reporter, 3*reporting.Every)
	})
}

func TestReporter_TellsOnceThatItCannotNote(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		book, reader, log, reporter := setup(t)
		reader.EXPECT().Positions().Return([]domain.Position{{Next: 7}}).AnyTimes()
		book.EXPECT().Note(gomock.Any(), gomock.Any()).Return(errAway).MinTimes(5)
		run(t, reporter, 10*reporting.Every)
		require.Equal(t, 1, strings.Count(log.String(), "cannot note"))
	})
}

func TestReporter_TellsTheProgress(t *testing.T) {
	t.Parallel()
	book, _, _, reporter := setup(t)
	want := domain.Progress{Marks: []domain.Mark{{Applied: 3}}}
	book.EXPECT().Progress(gomock.Any()).Return(want, nil)
	got, err := reporter.Progress(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)

	book.EXPECT().Progress(gomock.Any()).Return(domain.Progress{}, errAway)
	_, err = reporter.Progress(t.Context())
	require.ErrorIs(t, err, reporting.ErrUnavailable)
}
