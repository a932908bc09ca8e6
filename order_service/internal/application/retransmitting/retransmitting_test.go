package retransmitting_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/order_service/internal/application/retransmitting/mocks"
	"ordertrack/order_service/internal/domain"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/backoff"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const logID = "log"

var partition = domain.Partition{TopicID: "topic", Number: 3}

func limits() retransmitting.Limits {
	return retransmitting.Limits{
		Every: time.Second, Ask: 3 * time.Second, Batch: 3, Round: 100, Publish: 30 * time.Second,
		Pause: backoff.Policy{Base: 10 * time.Second, Max: time.Minute}, Recheck: 3,
	}
}

// world is a log of one lane with so many published events, a topic, and a receiver that has applied and read so much.
type world struct {
	mu sync.Mutex // held by whoever lets the world live; the receiver is asked in between

	published, applied int64
	end, read          int64
	topic              string
	asked              int
	answers            int // after so many it falls silent; 0 for never
	askErr, endsErr    error
	sent               [][]int64
	log                testenv.Log
	archive            retransmitting.Archive
	retransmitter      *retransmitting.Retransmitter
}

func setup(t *testing.T) *world {
	t.Helper()
	ctrl := gomock.NewController(t)
	w := &world{topic: partition.TopicID}
	receiver, wire, meter := mocks.NewMockReceiver(ctrl), mocks.NewMockWire(ctrl), mocks.NewMockMeter(ctrl)
	receiver.EXPECT().Progress(gomock.Any()).DoAndReturn(func(context.Context) (domain.Progress, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.asked++
		if w.answers > 0 && w.asked > w.answers {
			return domain.Progress{}, errors.New("no answer")
		}
		return domain.Progress{
			Applied: domain.Applied{logID: {5: w.applied}},
			Read:    domain.Offsets{{TopicID: w.topic, Number: 3}: w.read},
		}, w.askErr
	}).AnyTimes()
	wire.EXPECT().Ends(gomock.Any()).DoAndReturn(func(context.Context) (domain.Offsets, error) {
		return domain.Offsets{{TopicID: w.topic, Number: 3}: w.end}, w.endsErr
	}).AnyTimes()
	wire.EXPECT().Publish(gomock.Any(), gomock.Any()).DoAndReturn(func(_ context.Context, events []domain.Placed) (int, error) {
		batch := make([]int64, 0, len(events))
		for _, e := range events {
			batch = append(batch, e.Place.Sequence)
		}
		w.sent = append(w.sent, batch)
		w.end += int64(len(events))
		return len(events), nil
	}).AnyTimes()
	meter.EXPECT().Retransmitted(gomock.Any()).AnyTimes()
	w.archive = w
	w.retransmitter = retransmitting.New(receiver, wire, meter, w.log.Logger(), limits())
	return w
}

func (w *world) Lacking(_ context.Context, applied domain.Applied) ([]domain.Place, error) {
	if next := applied[logID][5] + 1; next <= w.published {
		return []domain.Place{{LogID: logID, Lane: 5, Sequence: next}}, nil
	}
	return nil, nil
}

func (w *world) From(_ context.Context, place domain.Place, limit int) ([]domain.Placed, error) {
	var events []domain.Placed
	for sequence := place.Sequence; sequence <= w.published && len(events) < limit; sequence++ {
		events = append(events, domain.Placed{Place: domain.Place{LogID: logID, Lane: 5, Sequence: sequence}})
	}
	return events, nil
}

func (w *world) repair(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.retransmitter.Repair(ctx, w.archive)
}

// live lets so many seconds pass in which the relay looks ten times a second; step changes the world every second.
func (w *world) live(t *testing.T, seconds int, step func(second int)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.retransmitter.Run(ctx) }()
	for second := range seconds {
		w.mu.Lock()
		step(second)
		w.mu.Unlock()
		for range 10 {
			require.NoError(t, w.repair(ctx))
			time.Sleep(100 * time.Millisecond)
		}
	}
	cancel()
	require.NoError(t, <-done)
}

func TestWhatIsLostIsSentAgainFromTheFirstMissingOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.applied, w.end, w.read = 9, 4, 20, 20
		w.live(t, 8, func(int) {})
		require.Equal(t, [][]int64{{5, 6, 7}, {8, 9}}, w.sent)
		require.True(t, w.log.Contains("published again"))
	})
}

func TestAReceiverThatIsBehindIsNeverSentAnythingTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.applied, w.end, w.read = 9, 4, 20, 19
		w.live(t, 600, func(int) { w.published += 10; w.end += 10 })
		require.Empty(t, w.sent)
	})
}

func TestAReceiverThatIsSlowIsNeverSentAnythingTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.end = 1000, 1000
		w.live(t, 300, func(int) { w.applied += 3; w.read += 3 })
		require.Empty(t, w.sent)
	})
}

func TestALagThatMovesIsNoLoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.live(t, 60, func(int) {
			w.applied, w.read = w.published, w.end // all of the last second is there, and more is under way
			w.published += 5
			w.end += 5
		})
		require.Empty(t, w.sent)
	})
}

func TestWhatIsReadBeforeItIsPublishedIsNoLoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.end, w.read = 20, 20
		w.live(t, 3, func(second int) {
			if second == 1 { // published just now; the receiver's answers are of before
				w.published, w.end = 1, 21
			}
			if second == 2 {
				w.applied, w.read = 1, 21
			}
		})
		require.Empty(t, w.sent)
	})
}

func TestPausesDoubleWhileNothingMoves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.applied, w.end = 1, 0, 20
		w.live(t, 300, func(int) { w.read = w.end }) // it reads all, and applies nothing: the topic swallows it
		require.Greater(t, len(w.sent), 4)
		require.Less(t, len(w.sent), 11, "at 10 s, 20 s, 40 s, then 60 s, less the jitter")
	})
}

func TestALaneThatMovesAgainHasShortPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.end = 100, 100
		w.live(t, 40, func(second int) {
			w.read = w.end
			if second%4 == 3 {
				w.applied++ // each time the next one is lost
			}
		})
		require.Greater(t, len(w.sent), 5*33, "each loss is mended at once, however many there were before")
	})
}

func TestATopicCreatedAgainIsLookedAtAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.applied, w.end, w.read = 3, 1, 500, 400
		w.live(t, 20, func(second int) {
			if second == 5 {
				w.topic, w.end, w.read = "another", 0, 0
			}
		})
		require.Equal(t, []int64{2, 3}, w.sent[0])
	})
}

func TestATopicThatLosesItsNewestRecordsIsLookedAtAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.applied, w.end, w.read = 3, 1, 500, 400
		w.live(t, 20, func(second int) {
			if second == 5 {
				w.end, w.read = 450, 450
			}
		})
		require.Equal(t, []int64{2, 3}, w.sent[0])
	})
}

func TestAnotherLogsMarksAreNotOurs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.applied = 3, 3
		w.live(t, 10, func(int) {})
		require.Empty(t, w.sent)
		require.Positive(t, w.asked)
	})
}

// twoLogs has a former log beside the one of its world, in the same lane.
type twoLogs struct {
	*world

	former int64 // its orders, all published
}

func (w twoLogs) Lacking(ctx context.Context, applied domain.Applied) ([]domain.Place, error) {
	places, err := w.world.Lacking(ctx, applied)
	if next := applied["former"][5] + 1; next <= w.former {
		places = append(places, domain.Place{LogID: "former", Lane: 5, Sequence: next})
	}
	return places, err
}

func (w twoLogs) From(ctx context.Context, place domain.Place, limit int) ([]domain.Placed, error) {
	if place.LogID != "former" {
		return w.world.From(ctx, place, limit)
	}
	events := []domain.Placed{}
	for ; place.Sequence <= w.former && len(events) < limit; place.Sequence++ {
		events = append(events, domain.Placed{Place: place})
	}
	return events, nil
}

func TestTheSameLaneOfTwoLogs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.applied, w.end, w.read = 5, 3, 20, 20
		w.archive = twoLogs{world: w, former: 2}
		w.live(t, 6, func(int) {})
		require.Equal(t, [][]int64{{1, 2}, {4, 5}}, w.sent, "what lacks of each, by the order of the logs' ids")
	})
}

// besideAnother has another log beside the one of its world, which has applied so much of the lane and lacks the next.
type besideAnother struct {
	*world

	applied *int64
	sent    *int
}

func (w besideAnother) Lacking(ctx context.Context, applied domain.Applied) ([]domain.Place, error) {
	places, err := w.world.Lacking(ctx, applied)
	return append(places, domain.Place{LogID: "another", Lane: 5, Sequence: *w.applied + 1}), err
}

func (w besideAnother) From(ctx context.Context, place domain.Place, limit int) ([]domain.Placed, error) {
	if place.LogID == "another" {
		*w.sent++
		return nil, nil
	}
	return w.world.From(ctx, place, limit)
}

// One lane keeps the suspicion alive; the other has only been slow.
func TestALaneThatMovesMeanwhileIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.applied, w.end, w.read = 9, 4, 20, 10
		another, sent := int64(4), 0
		w.archive = besideAnother{world: w, applied: &another, sent: &sent}
		w.live(t, 12, func(second int) {
			switch second {
			case 5:
				another = 7
			case 8:
				w.read = 20
			}
		})
		require.Equal(t, [][]int64{{5, 6, 7}, {8, 9}}, w.sent)
		require.Zero(t, sent)
	})
}

func TestWhatWasSentAgainIsReadPastBeforeItIsSentOnceMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.applied, w.end, w.read = 9, 4, 20, 20
		w.live(t, 300, func(int) {}) // it has read up to the old end, and no further
		require.Equal(t, [][]int64{{5, 6, 7}, {8, 9}}, w.sent)
	})
}

func TestAReceiverThatCannotBeAskedIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.end, w.read = 3, 20, 20
		w.askErr = errors.New("connection refused")
		w.live(t, 30, func(second int) {
			if second == 20 {
				w.askErr = nil
			}
		})
		require.Equal(t, 1, countOf(w.log.String(), "cannot ask track_users"))
		require.Equal(t, 1, countOf(w.log.String(), "tells again"))
		require.NotEmpty(t, w.sent)
	})
}

// A receiver that cannot be heard any more must not be judged by what it said last: it may have moved since.
func TestAnAnswerIsJudgedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.applied, w.end, w.read = 9, 4, 20, 20
		w.answers = 2 // both tell that the lane lacks something; a third one would tell that it is lost
		w.live(t, 30, func(int) {})
		require.Greater(t, w.asked, w.answers)
		require.Empty(t, w.sent)
	})
}

func TestNobodyIsAskedWhileNoRelayLeads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.retransmitter.Run(ctx) }()
		time.Sleep(time.Minute)
		cancel()
		require.NoError(t, <-done)
		require.Zero(t, w.asked)
	})
}

func TestAFailureEndsTheTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.published, w.end, w.read, w.endsErr = 3, 20, 20, errors.New("broker away")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.retransmitter.Run(ctx) }()
		var err error
		for range 50 {
			if err = w.repair(ctx); err != nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		require.ErrorIs(t, err, w.endsErr)
		cancel()
		require.NoError(t, <-done)
	})
}

func countOf(text, part string) int { return strings.Count(text, part) }
