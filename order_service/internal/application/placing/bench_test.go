package placing_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
)

// instant is a log without a cost of its own, and a meter that counts nothing.
type instant struct{ last atomic.Int64 }

func (i *instant) Append(_ context.Context, batch placing.Batch) ([]domain.Order, error) {
	orders := make([]domain.Order, len(batch.Drafts))
	for n, draft := range batch.Drafts {
		orders[n] = draft.Accept(i.last.Add(1), time.Time{}, "log", 1)
	}
	return orders, nil
}

func (*instant) Appended(int, time.Duration) {}
func (*instant) Failed(error)                {}

// BenchmarkPlace is an order's way through the queue and back, from many clients at once.
func BenchmarkPlace(b *testing.B) {
	log := &instant{}
	placer := placing.New(log, log, placing.DefaultLimits())
	placer.Start()
	b.ReportAllocs()
	b.SetParallelism(64)
	b.RunParallel(func(clients *testing.PB) {
		for clients.Next() {
			if _, err := placer.Place(b.Context(), request("Ann")); err != nil {
				b.Error(err)
				return
			}
		}
	})
	require.NoError(b, placer.Stop(context.Background()))
	require.EqualValues(b, b.N, log.last.Load())
}
