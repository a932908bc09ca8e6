package relaying_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/relaying"
	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/order_service/internal/domain"
)

var errBroker = errors.New("connection reset")

func ids(events []domain.Placed) []int64 {
	all := make([]int64, 0, len(events))
	for _, e := range events {
		all = append(all, e.OrderID)
	}
	return all
}

func TestThePlacedOrdersArePublishedInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, 7)
		b.leads()
		b.acknowledges()
		stop := b.run(t)
		synctest.Wait()
		require.Equal(t, []int64{3, 6, 7}, b.tape.moved(), "batch by batch, the cursor behind each")

		b.tape.append(1)
		b.tape.wake <- struct{}{}
		synctest.Wait()
		require.Equal(t, []int64{3, 6, 7, 8}, b.tape.moved(), "a commit wakes it")

		b.tape.append(1)
		time.Sleep(limits().Poll)
		synctest.Wait()
		require.Equal(t, []int64{3, 6, 7, 8, 9}, b.tape.moved(), "so does the slow poll, when nothing is heard")
		require.Zero(t, stop(), "an idle relay ends at once")
	})
}

func TestAfterAFailureItGoesBackToTheFirstUnacknowledgedEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, 4)
		b.leads()
		var published [][]int64
		answers := []struct {
			acknowledged int
			err          error
		}{{2, errBroker}, {0, errBroker}, {2, nil}}
		b.wire.EXPECT().Publish(gomock.Any(), gomock.Any()).DoAndReturn(
			func(_ context.Context, events []domain.Placed) (int, error) {
				answer := answers[len(published)]
				published = append(published, ids(events))
				return answer.acknowledged, answer.err
			}).Times(3)
		stop := b.run(t)
		time.Sleep(time.Minute)
		stop()

		require.Equal(t, [][]int64{{1, 2, 3}, {3, 4}, {3, 4}}, published)
		require.Equal(t, []int64{2, 4}, b.tape.moved(), "never over what was not acknowledged")
		require.Equal(t, 1, b.countLogged("the relay starts over"), "a failure that goes on is told once")
		require.Equal(t, 1, b.countLogged("the relay is well again"))
	})
}

func TestTheCursorRestsUntilTheAcknowledgement(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, 3)
		b.leads()
		b.wire.EXPECT().Publish(gomock.Any(), gomock.Any()).DoAndReturn(
			func(_ context.Context, events []domain.Placed) (int, error) {
				require.Empty(t, b.tape.moved(), "a crash now must publish them again")
				return len(events), nil
			})
		stop := b.run(t)
		synctest.Wait()
		require.Equal(t, []int64{3}, b.tape.moved())
		stop()
	})
}

// stuckTape is a log whose cursor cannot be moved the first time.
type stuckTape struct {
	*tape

	tried bool
}

func (l *stuckTape) Advance(ctx context.Context, id int64) error {
	if !l.tried {
		l.tried = true
		return errors.New("connection lost")
	}
	return l.tape.Advance(ctx, id)
}

func TestACursorThatCannotBeMovedCostsTheTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, 2)
		b.acknowledges()
		b.repairs()
		b.wire.EXPECT().Connect(gomock.Any()).Return(nil).Times(2)
		turns := 0
		b.outbox.EXPECT().Lead(gomock.Any(), gomock.Any()).DoAndReturn(
			func(_ context.Context, work func(relaying.Log, retransmitting.Archive) error) error {
				turns++
				if turns == 1 {
					return work(&stuckTape{tape: b.tape}, nil)
				}
				return work(b.tape, nil)
			}).Times(2)
		stop := b.run(t)
		time.Sleep(time.Second)
		stop()
		require.Equal(t, []int64{2}, b.tape.moved(), "the next turn publishes them again")
		require.Equal(t, 1, b.countLogged("the relay starts over"))
	})
}

func TestALostDatabaseCostsTheTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, 1)
		b.acknowledges()
		b.repairs()
		b.wire.EXPECT().Connect(gomock.Any()).Return(nil).Times(2)
		turns := 0
		b.outbox.EXPECT().Lead(gomock.Any(), gomock.Any()).DoAndReturn(
			func(_ context.Context, work func(relaying.Log, retransmitting.Archive) error) error {
				turns++
				if turns == 1 {
					return work(&tape{err: errors.New("connection lost")}, nil)
				}
				return work(b.tape, nil)
			}).Times(2)
		stop := b.run(t)
		time.Sleep(time.Second)
		stop()
		require.Equal(t, []int64{1}, b.tape.moved())
	})
}

func TestWithoutABrokerItDoesNotLead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, 1)
		tries := 0
		b.wire.EXPECT().Connect(gomock.Any()).DoAndReturn(func(context.Context) error {
			tries++
			return errBroker
		}).AnyTimes()
		stop := b.run(t)
		time.Sleep(10 * time.Minute)
		stop()

		require.Greater(t, tries, 100)
		require.Less(t, tries, 300, "with growing pauses")
		told := b.countLogged("the relay starts over")
		require.Less(t, told, tries/5, "not each try is told")
		require.Greater(t, told, 2, "but it is not told only once either")
	})
}

func TestAStopFinishesTheBatchInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, 6)
		b.leads()
		b.wire.EXPECT().Publish(gomock.Any(), gomock.Any()).DoAndReturn(
			func(ctx context.Context, events []domain.Placed) (int, error) {
				select {
				case <-ctx.Done():
					return 0, ctx.Err()
				case <-time.After(3 * time.Second):
					return len(events), nil
				}
			})
		stop := b.run(t)
		time.Sleep(time.Second)
		require.Equal(t, 2*time.Second, stop())
		require.Equal(t, []int64{3}, b.tape.moved())
	})
}

func TestAStopDoesNotWaitForeverForTheBatchInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, 1)
		b.leads()
		b.wire.EXPECT().Publish(gomock.Any(), gomock.Any()).DoAndReturn(
			func(ctx context.Context, _ []domain.Placed) (int, error) {
				<-ctx.Done()
				return 0, context.Cause(ctx)
			})
		stop := b.run(t)
		synctest.Wait()
		require.Equal(t, limits().Finish, stop())
		require.Empty(t, b.tape.moved())
		require.Equal(t, 1, b.countLogged("stopped before its batch was done"))
	})
}

func TestAPublishThatHangsCostsTheTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, 2)
		b.leads()
		hung := b.wire.EXPECT().Publish(gomock.Any(), gomock.Any()).DoAndReturn(
			func(ctx context.Context, _ []domain.Placed) (int, error) {
				<-ctx.Done()
				return 1, context.Cause(ctx)
			})
		b.wire.EXPECT().Publish(gomock.Any(), gomock.Any()).Return(1, nil).After(hung)
		stop := b.run(t)
		time.Sleep(limits().Publish + 5*time.Second)
		stop()
		require.Equal(t, []int64{1, 2}, b.tape.moved(), "what it did acknowledge counts")
	})
}

func TestItRepairsBetweenBatchesAndWithinTheTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, 7)
		var behind []int // how many batches were published at each repair
		b.repair.EXPECT().Repair(gomock.Any(), gomock.Any()).DoAndReturn(
			func(context.Context, retransmitting.Archive) error {
				behind = append(behind, len(b.tape.moved()))
				if len(behind) == 2 {
					return errBroker
				}
				return nil
			}).AnyTimes()
		b.leads()
		b.acknowledges()
		stop := b.run(t)
		time.Sleep(time.Second)
		stop()
		require.Equal(t, []int{0, 1, 1, 2, 3}, behind[:5], "a repair that fails costs the turn")
		require.Equal(t, []int64{3, 6, 7}, b.tape.moved())
		require.Equal(t, 1, b.countLogged("the relay starts over"))
	})
}

// More gather while the pace lasts, the longer the more there were, since one request to the broker costs about the same
// for all of them, and as long as the batch took, when that was long. A full batch is followed at once, as there is more.
func TestItKeepsAPaceSoThatEventsGather(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct {
		events     int
		took, pace time.Duration
	}{
		"one event":             {events: 1, pace: 1100 * time.Millisecond},
		"some events":           {events: 3, pace: 1300 * time.Millisecond},
		"many events":           {events: 7, pace: 1500 * time.Millisecond},
		"a full batch":          {events: 8},
		"a short time":          {events: 1, took: 500 * time.Millisecond, pace: 1100 * time.Millisecond},
		"a long time":           {events: 1, took: 700 * time.Millisecond, pace: 1400 * time.Millisecond},
		"a longer time":         {events: 1, took: 1200 * time.Millisecond, pace: 1500 * time.Millisecond},
		"longer than any pace":  {events: 1, took: 2 * time.Second, pace: 2 * time.Second},
		"a full batch for long": {events: 8, took: 700 * time.Millisecond, pace: 700 * time.Millisecond},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				limits := limits()
				limits.Batch, limits.Pace, limits.PaceEvent, limits.PaceMax = 8, time.Second, 100*time.Millisecond, 1500*time.Millisecond
				b := setupWith(t, c.events, limits)
				b.leads()
				var began []time.Time
				b.wire.EXPECT().Publish(gomock.Any(), gomock.Any()).DoAndReturn(
					func(_ context.Context, events []domain.Placed) (int, error) {
						began = append(began, time.Now())
						time.Sleep(c.took)
						return len(events), nil
					}).Times(2)
				stop := b.run(t)
				synctest.Wait()
				b.tape.append(1)
				b.tape.wake <- struct{}{}
				time.Sleep(time.Minute)
				stop()
				require.Len(t, began, 2)
				require.Equal(t, c.pace, began[1].Sub(began[0]))
			})
		})
	}
}

func TestAfterARestAnEventIsNotHeldBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := limits()
		limits.Pace, limits.PaceMax = time.Second, time.Second
		b := setupWith(t, 1, limits)
		b.leads()
		b.acknowledges()
		stop := b.run(t)
		time.Sleep(limits.Pace)
		synctest.Wait()
		b.tape.append(1)
		b.tape.wake <- struct{}{}
		synctest.Wait()
		require.Contains(t, b.tape.moved(), int64(2))
		require.Zero(t, stop())
	})
}

func TestAStopDoesNotWaitForThePace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := limits()
		limits.Pace, limits.PaceMax = time.Minute, time.Minute
		b := setupWith(t, 2, limits)
		b.leads()
		b.acknowledges()
		stop := b.run(t)
		synctest.Wait()
		require.Zero(t, stop())
	})
}
