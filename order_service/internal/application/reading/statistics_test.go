package reading_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/application/reading/mocks"
	"ordertrack/order_service/internal/domain"
)

func head(logID string, lane int, head int64, former bool) domain.LaneHead {
	return domain.LaneHead{LogLane: domain.LogLane{LogID: logID, Lane: lane}, Head: head, Former: former}
}

func TestTheLagIsOfEachLane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctrl := gomock.NewController(t)
		heads, receiver := mocks.NewMockHeads(ctrl), mocks.NewMockReceiver(ctrl)
		reader := reading.New(mocks.NewMockOrders(ctrl), heads, receiver)
		all := domain.Heads{Orders: 40, Published: 39, Lanes: []domain.LaneHead{
			head("log", 5, 12, false), head("log", 6, 1, false), head("log", 7, 0, false),
			head("other", 5, 99, true), head("other", 6, 3, true), head("other", 7, 0, true),
		}}
		asked := receiver.EXPECT().Progress(gomock.Any()).Return(applied(10), nil)
		heads.EXPECT().Heads(gomock.Any()).Return(all, nil).After(asked) // or a lane might be ahead of its head
		begin := time.Now()
		got, err := reader.Statistics(t.Context())
		require.NoError(t, err)
		want := reading.Statistics{Heads: all, Lag: &reading.Lag{AppliedAt: begin, Events: 6, Lanes: []domain.LaneLag{
			{LaneHead: all.Lanes[0], Applied: 10}, {LaneHead: all.Lanes[1]}, {LaneHead: all.Lanes[2]}, {LaneHead: all.Lanes[4]},
		}}}
		require.Equal(t, want, got)

		time.Sleep(time.Minute)
		receiver.EXPECT().Progress(gomock.Any()).Return(domain.Progress{}, errAway)
		heads.EXPECT().Heads(gomock.Any()).Return(all, nil)
		got, err = reader.Statistics(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, got, "as it was told last, and when")
	})
}

func TestTheLagIsNotKnownBeforeTheReceiverHasTold(t *testing.T) {
	t.Parallel()
	ctrl := gomock.NewController(t)
	heads, receiver := mocks.NewMockHeads(ctrl), mocks.NewMockReceiver(ctrl)
	heads.EXPECT().Heads(gomock.Any()).Return(domain.Heads{Orders: 3}, nil).Times(2)
	receiver.EXPECT().Progress(gomock.Any()).Return(domain.Progress{}, errAway)
	for _, reader := range []*reading.Reader{reading.New(nil, heads, receiver), reading.New(nil, heads, nil)} {
		got, err := reader.Statistics(t.Context())
		require.NoError(t, err)
		require.Equal(t, reading.Statistics{Heads: domain.Heads{Orders: 3}}, got)
	}
	heads.EXPECT().Heads(gomock.Any()).Return(domain.Heads{}, reading.ErrUnavailable)
	_, err := reading.New(nil, heads, nil).Statistics(t.Context())
	require.ErrorIs(t, err, reading.ErrUnavailable)
}

func TestALogThatWasPutBackIsNotBehind(t *testing.T) {
	t.Parallel()
	events, lanes := domain.Applied{"log": {5: 10}}.Lag([]domain.LaneHead{head("log", 5, 7, false), head("log", 6, 2, false)})
	require.EqualValues(t, 2, events)
	require.Zero(t, lanes[0].Events())
}
