package placing_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
)

func TestALoneOrderIsWrittenAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(
			func(_ context.Context, batch placing.Batch) ([]domain.Order, error) {
				require.Equal(t, int64(1), batch.Number)
				require.Equal(t, []string{"Ann"}, names(batch))
				require.Equal(t, event.LaneOf(name.Restore("Ann")), batch.Drafts[0].Lane())
				return stored(batch), nil
			})
		b.start(t)
		begin := time.Now()

		order, err := b.placer.Place(t.Context(), request("Ann"))
		require.NoError(t, err)
		require.Zero(t, time.Since(begin), "no timer may delay a lone order")
		require.Equal(t, int64(100), order.ID)
		require.Equal(t, "note of Ann", order.Note.String())
		require.Equal(t, "trace", order.TraceParent)
	})
}

func TestABatchIsWhatArrivedWhileTheLastOneWasCommitting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, g := setup(t), newGate()
		b.log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(g.append).Times(3)
		b.start(t)
		answers := make([]<-chan result, 0, 6)
		for _, who := range []string{"a", "b", "c", "d", "e", "f"} {
			answers = append(answers, b.place(t.Context(), who))
			synctest.Wait()
		}
		for range 3 {
			g.open <- struct{}{}
		}
		synctest.Wait()

		require.Equal(t, []string{"a"}, names(<-g.taken))
		require.Equal(t, []string{"b", "c", "d"}, names(<-g.taken), "up to the limit of a batch")
		require.Equal(t, []string{"e", "f"}, names(<-g.taken))
		for i, id := range []int64{100, 200, 201, 202, 300, 301} {
			answer := <-answers[i]
			require.NoError(t, answer.err)
			require.Equal(t, id, answer.order.ID, "each caller gets its own order")
		}
	})
}

func TestAFullQueueRefusesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, g := setup(t), newGate()
		b.log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(g.append).AnyTimes()
		b.start(t)
		b.place(t.Context(), "taken")
		synctest.Wait()
		for range limits().Queue {
			b.place(t.Context(), "waits")
		}
		synctest.Wait()
		require.Equal(t, limits().Queue, b.placer.Queued())

		_, err := b.placer.Place(t.Context(), request("late"))
		require.ErrorIs(t, err, placing.ErrBusy)
		for range limits().Queue + 1 {
			g.open <- struct{}{}
		}
	})
}

func TestAnOrderWhoseCallerLeftIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, g := setup(t), newGate()
		b.log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(g.append).Times(2)
		b.start(t)
		first := b.place(t.Context(), "first")
		synctest.Wait()
		gone := errors.New("client gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		waiting, last := b.place(ctx, "gone"), b.place(t.Context(), "last")
		synctest.Wait()

		cancel(gone)
		answer := <-waiting
		require.ErrorIs(t, answer.err, placing.ErrAbandoned)
		require.ErrorIs(t, answer.err, gone)
		g.open <- struct{}{}
		g.open <- struct{}{}
		require.NoError(t, (<-first).err)
		require.NoError(t, (<-last).err)
		require.Equal(t, []string{"first"}, names(<-g.taken))
		require.Equal(t, []string{"last"}, names(<-g.taken), "what was abandoned is not appended")
	})
}

func TestAnOrderThatWasTakenIsStoredThoughItsCallerLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, g := setup(t), newGate()
		b.log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(g.append)
		b.start(t)
		ctx, cancel := context.WithCancel(t.Context())
		answer := b.place(ctx, "Ann")
		synctest.Wait()
		cancel()
		synctest.Wait()
		g.open <- struct{}{}

		got := <-answer
		require.NoError(t, got.err)
		require.Equal(t, int64(100), got.order.ID)
	})
}

func TestACallerThatHasLeftAlreadyIsNotQueued(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.placer.Place(ctx, request("Ann"))
	require.ErrorIs(t, err, placing.ErrAbandoned)
	require.Zero(t, b.placer.Queued())
}

func TestARequestWithoutANameIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.placer.Place(t.Context(), placing.Request{})
	require.ErrorIs(t, err, domain.ErrNoName)
}
