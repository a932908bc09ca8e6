package placing_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/placing/mocks"
)

func TestStopFinishesWhatWasAccepted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, g := setup(t), newGate()
		b.log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(g.append).Times(2)
		b.placer.Start()
		taken := b.place(t.Context(), "taken")
		synctest.Wait()
		waits := b.place(t.Context(), "waits")
		synctest.Wait()
		stopped := make(chan error, 1)
		go func() { stopped <- b.placer.Stop(t.Context()) }()
		synctest.Wait()

		_, err := b.placer.Place(t.Context(), request("late"))
		require.ErrorIs(t, err, placing.ErrStopping)
		require.Empty(t, stopped, "it waits for what was accepted")
		g.open <- struct{}{}
		g.open <- struct{}{}
		require.NoError(t, <-stopped)
		require.NoError(t, (<-taken).err)
		require.NoError(t, (<-waits).err)
	})
}

func TestStopGivesUpWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, g := setup(t), newGate()
		b.log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(g.append)
		b.placer.Start()
		taken := b.place(t.Context(), "taken")
		synctest.Wait()
		waits := b.place(t.Context(), "waits")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()

		require.ErrorIs(t, b.placer.Stop(ctx), context.DeadlineExceeded)
		require.ErrorIs(t, (<-taken).err, placing.ErrMayExist, "its append was under way")
		require.ErrorIs(t, (<-waits).err, placing.ErrStopping, "its append had not begun")
	})
}

func TestStopBeforeStartAndTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		waits := b.place(t.Context(), "Ann")
		synctest.Wait()

		require.NoError(t, b.placer.Stop(t.Context()))
		require.NoError(t, b.placer.Stop(t.Context()))
		b.placer.Start()
		require.ErrorIs(t, (<-waits).err, placing.ErrStopping)
		_, err := b.placer.Place(t.Context(), request("Bob"))
		require.ErrorIs(t, err, placing.ErrStopping)
	})
}

func TestStartAndStopInAnyOrder(t *testing.T) {
	t.Parallel()
	for range 300 {
		ctrl := gomock.NewController(t)
		log, meter := mocks.NewMockLog(ctrl), mocks.NewMockMeter(ctrl)
		meter.EXPECT().Appended(gomock.Any(), gomock.Any()).AnyTimes()
		meter.EXPECT().Failed(gomock.Any()).AnyTimes()
		g := newGate()
		close(g.open)
		log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(g.append).AnyTimes()
		placer := placing.New(log, meter, limits())

		var all sync.WaitGroup
		for range 2 {
			all.Go(placer.Start)
			all.Go(func() { _ = placer.Stop(t.Context()) })
			all.Go(func() {
				if _, err := placer.Place(t.Context(), request("Ann")); err != nil {
					require.ErrorIs(t, err, placing.ErrStopping)
				}
			})
		}
		all.Wait()
		require.NoError(t, placer.Stop(t.Context()))
	}
}
