package placing_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/placing/mocks"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/backoff"
	"ordertrack/shared/name"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const logID = "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11"

func limits() placing.Limits {
	return placing.Limits{
		Queue: 8, Batch: 3, AppendTimeout: 5 * time.Second,
		Retry: backoff.Policy{Base: 100 * time.Millisecond, Max: time.Second},
	}
}

type bundle struct {
	placer *placing.Placer
	log    *mocks.MockLog
	meter  *mocks.MockMeter
}

// setup gives a placer that is not started yet, over a mocked log; the meter takes anything.
func setup(t *testing.T) bundle {
	ctrl := gomock.NewController(t)
	b := bundle{log: mocks.NewMockLog(ctrl), meter: mocks.NewMockMeter(ctrl)}
	b.meter.EXPECT().Appended(gomock.Any(), gomock.Any()).AnyTimes()
	b.meter.EXPECT().Failed(gomock.Any()).AnyTimes()
	b.placer = placing.New(b.log, b.meter, limits())
	return b
}

// start begins to append, and stops at the end of the test.
func (b bundle) start(t *testing.T) {
	b.placer.Start()
	t.Cleanup(func() { require.NoError(t, b.placer.Stop(context.Background())) })
}

func request(who string) placing.Request {
	return placing.Request{Name: name.Restore(who), Note: domain.RestoreNote("note of " + who), TraceParent: "trace"}
}

// result is what Place answered.
type result struct {
	order domain.Order
	err   error
}

// place calls Place in a goroutine of its own.
func (b bundle) place(ctx context.Context, who string) <-chan result {
	answer := make(chan result, 1)
	go func() {
		order, err := b.placer.Place(ctx, request(who))
		answer <- result{order, err}
	}()
	return answer
}

// stored answers a batch as a log does that stores it, with ids that tell batch and position.
func stored(batch placing.Batch) []domain.Order {
	orders := make([]domain.Order, len(batch.Drafts))
	for i, draft := range batch.Drafts {
		orders[i] = draft.Accept(batch.Number*100+int64(i), time.Unix(0, 0), logID, 1)
	}
	return orders
}

func names(batch placing.Batch) []string {
	all := make([]string, 0, len(batch.Drafts))
	for _, draft := range batch.Drafts {
		all = append(all, draft.Name().String())
	}
	return all
}

// gate is a log that holds each batch until it is told to go on.
type gate struct {
	taken chan placing.Batch
	open  chan struct{}
	calls atomic.Int32
}

func newGate() *gate {
	return &gate{taken: make(chan placing.Batch, 100), open: make(chan struct{}, 100)}
}

func (g *gate) append(ctx context.Context, batch placing.Batch) ([]domain.Order, error) {
	g.calls.Add(1)
	g.taken <- batch
	select {
	case <-g.open:
		return stored(batch), nil
	case <-ctx.Done():
		return nil, placing.ErrUnknownOutcome
	}
}
