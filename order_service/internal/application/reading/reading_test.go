package reading_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/application/reading/mocks"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/name"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	errAway = errors.New("away")
	place   = domain.Place{LogID: "log", Lane: 5, Sequence: 10}
)

func applied(sequence int64) domain.Progress {
	return domain.Progress{Applied: domain.Applied{"log": {5: sequence}, "other": {5: 99}}}
}

func setup(t *testing.T) (*mocks.MockOrders, *mocks.MockReceiver, *reading.Reader) {
	t.Helper()
	ctrl := gomock.NewController(t)
	orders, receiver := mocks.NewMockOrders(ctrl), mocks.NewMockReceiver(ctrl)
	return orders, receiver, reading.New(orders, mocks.NewMockHeads(ctrl), receiver)
}

func TestTheStatusIsTheFurthestThatIsKnown(t *testing.T) {
	t.Parallel()
	for title, tc := range map[string]struct {
		published bool
		progress  domain.Progress
		err       error
		want      domain.Status
	}{
		"accepted":                    {false, applied(9), nil, domain.Accepted},
		"published":                   {true, applied(9), nil, domain.Published},
		"counted":                     {true, applied(10), nil, domain.Counted},
		"counted before the cursor":   {false, applied(11), nil, domain.Counted},
		"the receiver is away":        {true, domain.Progress{}, errAway, domain.Published},
		"nothing is known of its log": {true, domain.Progress{}, nil, domain.Published},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			orders, receiver, reader := setup(t)
			orders.EXPECT().ByID(gomock.Any(), int64(7)).Return(domain.Order{ID: 7, Place: place}, tc.published, nil)
			receiver.EXPECT().Progress(gomock.Any()).Return(tc.progress, tc.err)
			order, status, err := reader.Order(t.Context(), 7)
			require.NoError(t, err)
			require.Equal(t, int64(7), order.ID)
			require.Equal(t, tc.want, status)
		})
	}
}

func TestWithoutAReceiverNothingIsKnownToBeCounted(t *testing.T) {
	t.Parallel()
	orders := mocks.NewMockOrders(gomock.NewController(t))
	orders.EXPECT().ByID(gomock.Any(), int64(7)).Return(domain.Order{ID: 7, Place: place}, true, nil)
	_, status, err := reading.New(orders, nil, nil).Order(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, domain.Published, status)
}

func TestAnOrderThatCannotBeRead(t *testing.T) {
	t.Parallel()
	orders, _, reader := setup(t)
	orders.EXPECT().ByID(gomock.Any(), gomock.Any()).Return(domain.Order{}, false, reading.ErrNotFound)
	_, _, err := reader.Order(t.Context(), 7)
	require.ErrorIs(t, err, reading.ErrNotFound)
}

func TestManyReadersAskAsOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		orders, receiver, reader := setup(t)
		orders.EXPECT().ByID(gomock.Any(), gomock.Any()).Return(domain.Order{Place: place}, true, nil).AnyTimes()
		answers := make(chan domain.Progress)
		receiver.EXPECT().Progress(gomock.Any()).DoAndReturn(func(context.Context) (domain.Progress, error) {
			return <-answers, nil
		}).Times(2)
		look := func() domain.Status {
			_, status, err := reader.Order(t.Context(), 7)
			require.NoError(t, err)
			return status
		}
		var readers sync.WaitGroup
		for range 100 {
			readers.Go(func() { require.Equal(t, domain.Counted, look()) })
		}
		synctest.Wait()
		answers <- applied(10)
		readers.Wait()
		time.Sleep(499 * time.Millisecond)
		require.Equal(t, domain.Counted, look(), "the answer is fresh")
		time.Sleep(time.Millisecond)
		go func() { answers <- applied(10) }()
		require.Equal(t, domain.Counted, look(), "asked again")
	})
}

func TestAReceiverThatDoesNotAnswerHoldsNobodyUpForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		orders, receiver, reader := setup(t)
		orders.EXPECT().ByID(gomock.Any(), gomock.Any()).Return(domain.Order{Place: place}, true, nil).AnyTimes()
		receiver.EXPECT().Progress(gomock.Any()).Return(applied(10), nil)
		_, status, err := reader.Order(t.Context(), 7)
		require.NoError(t, err)
		require.Equal(t, domain.Counted, status)

		receiver.EXPECT().Progress(gomock.Any()).DoAndReturn(func(ctx context.Context) (domain.Progress, error) {
			<-ctx.Done()
			return domain.Progress{}, ctx.Err()
		}).AnyTimes()
		time.Sleep(time.Minute)
		begin := time.Now()
		_, status, err = reader.Order(t.Context(), 7)
		require.NoError(t, err)
		require.Equal(t, domain.Counted, status, "what was counted stays counted")
		require.Equal(t, time.Second, time.Since(begin))
		_, _, err = reader.Order(t.Context(), 7)
		require.NoError(t, err)
		require.Equal(t, time.Second, time.Since(begin), "its silence is remembered for a moment")
	})
}

func TestPagesFollowEachOther(t *testing.T) {
	t.Parallel()
	orders, _, reader := setup(t)
	at := time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.UTC)
	filter := reading.Filter{Name: name.Restore("Ann"), After: at.Add(-time.Hour)}
	three := []domain.Order{{ID: 9, CreatedAt: at}, {ID: 8, CreatedAt: at}, {ID: 7, CreatedAt: at}}
	orders.EXPECT().CursorKey(gomock.Any()).Return(nil, errAway)
	_, err := reader.List(t.Context(), filter, "", 2)
	require.ErrorIs(t, err, errAway)

	orders.EXPECT().CursorKey(gomock.Any()).Return([]byte("key"), nil) // and no more
	orders.EXPECT().Newest(gomock.Any(), reading.Query{Filter: filter, Limit: 3}).Return(three, nil)
	first, err := reader.List(t.Context(), filter, "", 2)
	require.NoError(t, err)
	require.Equal(t, three[:2], first.Orders)
	require.Len(t, first.Next, 44)

	behind := &reading.Position{CreatedAt: at, ID: 8}
	orders.EXPECT().Newest(gomock.Any(), reading.Query{Filter: filter, Limit: 3, Behind: behind}).Return(three[2:], nil)
	last, err := reader.List(t.Context(), filter, first.Next, 2)
	require.NoError(t, err)
	require.Equal(t, reading.Page{Orders: three[2:]}, last)

	for title, other := range map[string]reading.Filter{
		"another name":  {Name: name.Restore("Bob"), After: filter.After},
		"no name":       {After: filter.After},
		"another time":  {Name: filter.Name, After: filter.After.Add(time.Microsecond)},
		"another bound": {Name: filter.Name, Before: filter.After},
		"no filter":     {},
	} {
		_, err := reader.List(t.Context(), other, first.Next, 2)
		require.ErrorIs(t, err, reading.ErrCursor, title)
	}
}
