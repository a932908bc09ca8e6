package postgres_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/postgres"
	"ordertrack/order_service/internal/application/placing"
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
			log, batch := postgres.NewLog(pool, quiet()), placing.Batch{}
			for i := range size {
				who := name.Restore(fmt.Sprintf("user-%05d", i*7919%10_000))
				draft, err := domain.NewDraft(who, domain.RestoreNote("a note of usual length"), event.LaneOf(who),
					"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
				require.NoError(b, err)
				batch.Drafts = append(batch.Drafts, draft)
			}
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
