package postgres_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/postgres"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/relaying"
	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/order_service/internal/domain"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
)

// BenchmarkAppend measures one writer. The tests' own server does not fsync: BENCH_DATABASE_URL names an empty database
// on one that does.
func BenchmarkAppend(b *testing.B) {
	url := os.Getenv("BENCH_DATABASE_URL")
	if url == "" {
		url = testenv.Database(b)
	}
	pool := migrated(b, url)
	for _, size := range []int{1, 100, 500} {
		b.Run(fmt.Sprintf("rows=%d", size), func(b *testing.B) {
			log, batch := postgres.NewLog(pool, quiet(), postgres.NewBell()), placing.Batch{Drafts: usual(b, size)}
			b.ReportAllocs()
			for b.Loop() {
				batch.Number++
				_, err := log.Append(b.Context(), batch)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func usual(b *testing.B, size int) (drafts []domain.Draft) {
	b.Helper()
	for i := range size {
		who := name.Restore(fmt.Sprintf("user-%05d", i*7919%10_000))
		draft, err := domain.NewDraft(who, domain.RestoreNote("a note of usual length"), event.LaneOf(who),
			"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		require.NoError(b, err)
		drafts = append(drafts, draft)
	}
	return drafts
}

// BenchmarkNext measures how fast the relay reads a long log, alone and with logs before it.
func BenchmarkNext(b *testing.B) {
	const orders, batch = 200_000, 2000
	for _, former := range []int{0, 10} {
		b.Run(fmt.Sprintf("former=%d", former), func(b *testing.B) {
			pool := migrated(b, testenv.Database(b))
			log, register := postgres.NewLog(pool, quiet(), postgres.NewBell()), postgres.NewRegister(pool, quiet())
			drafts := usual(b, batch)
			for number := range int64(orders / batch) {
				if former > 0 && number%(orders/batch/int64(former)) == 0 {
					_, err := register.Renew(b.Context(), "a benchmark")
					require.NoError(b, err)
				}
				_, err := log.Append(b.Context(), placing.Batch{Number: number + 1, Drafts: drafts})
				require.NoError(b, err)
			}
			require.NoError(b, postgres.NewOutbox(pool, postgres.NewBell()).Lead(b.Context(), func(log relaying.Log, _ retransmitting.Archive) error {
				b.ReportAllocs()
				for b.Loop() {
					events, err := log.Next(b.Context(), batch)
					require.NoError(b, err)
					require.Len(b, events, batch)
				}
				b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "events/s")
				return nil
			}))
		})
	}
}
