package kafka_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/kafka"
	"ordertrack/order_service/internal/application/relaying/wiretest"
	"ordertrack/scripts/localstack/testenv"
)

// BenchmarkPublish measures the relay's batches against the embedded broker.
func BenchmarkPublish(b *testing.B) {
	wire := kafka.NewWire([]string{testenv.Broker(b)}, testenv.Topic(b), slog.New(slog.DiscardHandler))
	require.NoError(b, wire.Connect(b.Context()))
	b.Cleanup(func() { require.NoError(b, wire.Close(context.Background())) })
	events := wiretest.Events(1, 2000)
	b.ReportAllocs()
	for b.Loop() {
		acknowledged, err := wire.Publish(b.Context(), events)
		require.NoError(b, err)
		require.Equal(b, len(events), acknowledged)
	}
	b.ReportMetric(float64(b.N*len(events))/b.Elapsed().Seconds(), "events/s")
}
