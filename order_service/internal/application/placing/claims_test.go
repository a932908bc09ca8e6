package placing_test

import (
	"context"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
)

// One key that is taken sends nobody else away, and those without a key stay together.
func TestATakenKeyIsItsOwnRequestsAffair(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var sizes []int
	b.log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(func(_ context.Context, batch placing.Batch) ([]domain.Order, error) {
		sizes = append(sizes, len(batch.Drafts))
		for _, c := range batch.Claims {
			require.Equal(t, "keyed", batch.Drafts[c.First].Name().String())
			if c.Key == [32]byte{1} {
				return nil, placing.ErrKeyTaken
			}
		}
		return stored(batch), nil
	}).AnyTimes()
	var clients errgroup.Group
	clients.Go(func() error {
		_, err := b.placer.PlaceAll(t.Context(), []placing.Request{request("keyed")}, &placing.Claim{Key: [32]byte{1}})
		require.ErrorIs(t, err, placing.ErrKeyTaken)
		return nil
	})
	for range 2 {
		clients.Go(func() error { _, err := b.placer.Place(t.Context(), request("plain")); return err })
	}
	require.Eventually(t, func() bool { return b.placer.Queued() == 3 }, 10*time.Second, time.Millisecond)
	b.start(t)
	require.NoError(t, clients.Wait())
	require.Equal(t, []int{3, 2, 1}, sizes)
}

func TestManyOrdersOfOneRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	many := []placing.Request{request("a"), request("b"), request("c"), request("d"), request("e"), request("f"), request("g")}
	b.log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(func(_ context.Context, batch placing.Batch) ([]domain.Order, error) {
		require.Len(t, batch.Drafts, 7, "they are not divided")
		return stored(batch), nil
	})
	placed := make(chan []domain.Order, 1)
	go func() {
		orders, _ := b.placer.PlaceAll(t.Context(), many, nil)
		placed <- orders
	}()
	require.Eventually(t, func() bool { return b.placer.Queued() == 7 }, 10*time.Second, time.Millisecond)
	_, err := b.placer.PlaceAll(t.Context(), many[:2], nil)
	require.ErrorIs(t, err, placing.ErrBusy, "nine orders do not fit into a queue of eight")
	b.start(t)
	orders := <-placed
	require.Len(t, orders, 7)
	require.Equal(t, "g", orders[6].Name.String())
	require.Zero(t, b.placer.Queued())
}
