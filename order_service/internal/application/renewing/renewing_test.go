package renewing_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/order_service/internal/application/renewing"
	"ordertrack/order_service/internal/application/renewing/mocks"
	"ordertrack/order_service/internal/domain"
	"ordertrack/scripts/localstack/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	errAway  = errors.New("away")
	progress = domain.Progress{Applied: domain.Applied{"log": {3: 17}}}
)

func setup(t *testing.T) (*mocks.MockReceiver, *mocks.MockLog, *testenv.Log, *renewing.Renewer) {
	t.Helper()
	ctrl, said := gomock.NewController(t), &testenv.Log{}
	receiver, log := mocks.NewMockReceiver(ctrl), mocks.NewMockLog(ctrl)
	return receiver, log, said, renewing.New(receiver, log, said.Logger())
}

func TestEachAnswerIsHeldAgainstTheLog(t *testing.T) {
	t.Parallel()
	receiver, log, _, renewer := setup(t)
	receiver.EXPECT().Progress(gomock.Any()).Return(progress, nil).Times(2)
	log.EXPECT().RenewIfBehind(gomock.Any(), progress.Applied).Return(nil).Times(2)
	require.NoError(t, renewer.Greet(t.Context()))
	got, err := renewer.Progress(t.Context())
	require.NoError(t, err)
	require.Equal(t, progress, got)
}

// What was not held against the log is not told: nothing may be sent again by it.
func TestAnAnswerThatCannotBeHeldAgainstTheLog(t *testing.T) {
	t.Parallel()
	receiver, log, _, renewer := setup(t)
	receiver.EXPECT().Progress(gomock.Any()).Return(progress, nil)
	log.EXPECT().RenewIfBehind(gomock.Any(), gomock.Any()).Return(errAway)
	got, err := renewer.Progress(t.Context())
	require.ErrorIs(t, err, errAway)
	require.Empty(t, got)
}

func TestAStartGoesOnWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	receiver, _, said, renewer := setup(t)
	receiver.EXPECT().Progress(gomock.Any()).Return(domain.Progress{}, errAway)
	require.NoError(t, renewer.Greet(t.Context()))
	require.Equal(t, 1, strings.Count(said.String(), "level=WARN"))
	require.Contains(t, said.String(), "order_service new-log")
}

func TestAStartDoesNotWaitLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		receiver, _, said, renewer := setup(t)
		receiver.EXPECT().Progress(gomock.Any()).DoAndReturn(func(ctx context.Context) (domain.Progress, error) {
			<-ctx.Done()
			return domain.Progress{}, context.Cause(ctx)
		}).Times(2)
		begin := time.Now()
		require.NoError(t, renewer.Greet(t.Context()))
		require.Equal(t, renewing.AskLimit, time.Since(begin))

		before := said.String()
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errAway)
		defer cancel()
		require.ErrorIs(t, renewer.Greet(ctx), errAway)
		require.Equal(t, before, said.String(), "a start that is called off says nothing of it")
	})
}
