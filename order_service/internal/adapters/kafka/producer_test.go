package kafka_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"ordertrack/order_service/internal/adapters/kafka"
	"ordertrack/order_service/internal/application/relaying/wiretest"
)

// cluster has a topic, and counts the requests with records that come for it.
func cluster(t *testing.T, brokers int) (e end, requests *atomic.Int64) {
	t.Helper()
	const topic = "user_events"
	fake, err := kfake.NewCluster(kfake.NumBrokers(brokers), kfake.SeedTopics(kafka.Partitions, topic))
	require.NoError(t, err)
	t.Cleanup(fake.Close)
	requests = new(atomic.Int64)
	fake.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		requests.Add(1)
		fake.KeepControl()
		return nil, nil, false //nolint:nilnil // as kfake wants it: not answered here
	})
	return end{fake.ListenAddrs()[0], topic}, requests
}

// A request is what a broker's work is counted in. Some deliveries may take two, on a machine that was busy elsewhere in
// the middle of one.
func TestADeliveryIsOneRequest(t *testing.T) {
	t.Parallel()
	e, requests := cluster(t, 1)
	wire := e.wire(t)
	require.NoError(t, wire.Connect(t.Context()))
	const deliveries, size = 40, 10
	for i := range deliveries {
		acknowledged, err := wire.Publish(t.Context(), wiretest.Events(int64(i*size+1), size))
		require.NoError(t, err)
		require.Equal(t, size, acknowledged)
	}
	require.LessOrEqual(t, requests.Load(), int64(deliveries*3/2))
	require.GreaterOrEqual(t, requests.Load(), int64(deliveries))
}

// Each of them gets its share only, and none waits for the others'.
func TestADeliveryToSeveralBrokers(t *testing.T) {
	t.Parallel()
	e, _ := cluster(t, 3)
	wire := e.wire(t)
	require.NoError(t, wire.Connect(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer func() {
		assert.NoError(t, wire.Close(ctx)) // what still waits then is given up
		cancel()
	}()
	for _, size := range []int{1, 10, 1000} {
		acknowledged, err := wire.Publish(ctx, wiretest.Events(1, size))
		require.NoError(t, err)
		require.Equal(t, size, acknowledged)
	}
}
