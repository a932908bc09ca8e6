package metrics_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/order_service/internal/adapters/metrics"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/relaying"
	"ordertrack/order_service/internal/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	_ placing.Meter  = (*metrics.Placing)(nil)
	_ relaying.Meter = (*metrics.Relaying)(nil)
)

func TestPlacing(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	m := metrics.NewPlacing(reg)
	metrics.WatchQueue(reg, func() int { return 9 })
	m.Appended(3, 4*time.Millisecond)
	m.Appended(2, time.Millisecond)
	for range 2 {
		m.Failed(fmt.Errorf("place an order: %w", placing.ErrBusy))
	}
	m.Failed(errors.Join(placing.ErrAbandoned, errors.New("client gone")))
	m.Failed(errors.New("value out of range"))

	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP order_service_orders_total Orders by what became of them: placed, or why not.
# TYPE order_service_orders_total counter
order_service_orders_total{outcome="abandoned"} 1
order_service_orders_total{outcome="busy"} 2
order_service_orders_total{outcome="may_exist"} 0
order_service_orders_total{outcome="placed"} 5
order_service_orders_total{outcome="refused"} 1
order_service_orders_total{outcome="stopping"} 0
order_service_orders_total{outcome="unavailable"} 0
# HELP order_service_queue_orders Orders that wait to be stored.
# TYPE order_service_queue_orders gauge
order_service_queue_orders 9
`), "order_service_orders_total", "order_service_queue_orders"))
	count, err := testutil.GatherAndCount(reg, "order_service_append_orders", "order_service_append_seconds")
	require.NoError(t, err)
	require.Equal(t, 2, count)
}

func TestRelaying(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	m := metrics.NewRelaying(reg)
	m.Leading(false)
	m.Leading(true)
	m.Published([]domain.Placed{{OrderID: 7, PlacedAt: time.Now()}, {OrderID: 8, PlacedAt: time.Now()}})
	m.Failed(errors.New("broker away"))

	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP order_service_relay_failures_total How often the relay had to start over.
# TYPE order_service_relay_failures_total counter
order_service_relay_failures_total 1
# HELP order_service_relay_last_order_id Id of the last order this replica has published.
# TYPE order_service_relay_last_order_id gauge
order_service_relay_last_order_id 8
# HELP order_service_relay_leading 1 while this replica's relay leads, else 0.
# TYPE order_service_relay_leading gauge
order_service_relay_leading 1
# HELP order_service_relay_published_total Events acknowledged by Kafka, repeats included.
# TYPE order_service_relay_published_total counter
order_service_relay_published_total 2
`), "order_service_relay_failures_total", "order_service_relay_last_order_id", "order_service_relay_leading",
		"order_service_relay_published_total"))
}
