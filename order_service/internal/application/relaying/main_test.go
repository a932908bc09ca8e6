package relaying_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"go.uber.org/goleak"

	"ordertrack/order_service/internal/application/relaying"
	"ordertrack/order_service/internal/application/relaying/mocks"
	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/backoff"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func limits() relaying.Limits {
	return relaying.Limits{
		Batch: 3, Poll: 5 * time.Second, Publish: 30 * time.Second, Finish: 10 * time.Second,
		Retry: backoff.Policy{Base: 100 * time.Millisecond, Max: 5 * time.Second},
	}
}

type bundle struct {
	outbox *mocks.MockOutbox
	wire   *mocks.MockWire
	repair *mocks.MockRepairer
	meter  *mocks.MockMeter
	tape   *tape
	logged *bytes.Buffer
	relay  *relaying.Relay
}

// setup gives a relay over a tape with so many events.
func setup(t *testing.T, events int) *bundle {
	t.Helper()
	return setupWith(t, events, limits())
}

func setupWith(t *testing.T, events int, limits relaying.Limits) *bundle {
	t.Helper()
	ctrl := gomock.NewController(t)
	b := &bundle{
		outbox: mocks.NewMockOutbox(ctrl), wire: mocks.NewMockWire(ctrl), repair: mocks.NewMockRepairer(ctrl), meter: mocks.NewMockMeter(ctrl),
		tape: &tape{wake: make(chan struct{}, 1)}, logged: &bytes.Buffer{},
	}
	b.tape.append(events)
	b.meter.EXPECT().Leading(gomock.Any()).AnyTimes()
	b.meter.EXPECT().Failed(gomock.Any()).AnyTimes()
	b.meter.EXPECT().Published(gomock.Any()).AnyTimes()
	b.relay = relaying.New(b.outbox, b.wire, b.repair, b.meter, slog.New(slog.NewTextHandler(b.logged, nil)), limits)
	return b
}

// repairs has nothing to repair.
func (b *bundle) repairs() {
	b.repair.EXPECT().Repair(gomock.Any(), gomock.Any()).Return(nil).AnyTimes()
}

// leads lets the relay connect and lead whenever it wants to.
func (b *bundle) leads() {
	b.repairs()
	b.wire.EXPECT().Connect(gomock.Any()).Return(nil).AnyTimes()
	b.outbox.EXPECT().Lead(gomock.Any(), gomock.Any()).DoAndReturn(
		func(_ context.Context, work func(relaying.Log, retransmitting.Archive) error) error {
			return work(b.tape, nil)
		}).AnyTimes()
}

// acknowledges makes the wire take everything.
func (b *bundle) acknowledges() {
	b.wire.EXPECT().Publish(gomock.Any(), gomock.Any()).DoAndReturn(
		func(_ context.Context, events []domain.Placed) (int, error) { return len(events), nil }).AnyTimes()
}

// run runs the relay until the returned function is called, which waits for its end and says how long that took.
func (b *bundle) run(t *testing.T) (stop func() time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.relay.Run(ctx)
	}()
	return func() time.Duration {
		begin := time.Now()
		cancel()
		<-ended
		return time.Since(begin)
	}
}

func (b *bundle) countLogged(text string) int { return strings.Count(b.logged.String(), text) }

// tape is an order log in memory.
type tape struct {
	wake chan struct{}
	err  error // of Next

	mu     sync.Mutex
	events []domain.Placed
	cursor int64
	moves  []int64
}

func (l *tape) append(events int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range events {
		l.events = append(l.events, domain.Placed{OrderID: int64(len(l.events) + 1)})
	}
}

// moved is where the cursor was moved to, one after the other.
func (l *tape) moved() []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.moves)
}

func (l *tape) Next(_ context.Context, limit int) ([]domain.Placed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	rest := l.events[l.cursor:]
	return slices.Clone(rest[:min(len(rest), limit)]), nil
}

func (l *tape) Advance(ctx context.Context, id int64) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cursor = max(l.cursor, id)
	l.moves = append(l.moves, id)
	return nil
}

func (l *tape) Wait(ctx context.Context, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-l.wake:
	case <-timer.C:
	}
	return nil
}
