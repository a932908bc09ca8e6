// Package metrics counts for Prometheus what the use cases do.
package metrics

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ordertrack/order_service/internal/application/placing"
)

const placed = "placed"

// outcomes are the errors that Place may answer, by the label they are counted under; the first that fits counts.
var outcomes = []struct {
	err   error
	label string
}{
	{placing.ErrMayExist, "may_exist"},
	{placing.ErrBusy, "busy"},
	{placing.ErrStopping, "stopping"},
	{placing.ErrAbandoned, "abandoned"},
	{placing.ErrUnavailable, "unavailable"},
}

// Placing implements placing.Meter.
type Placing struct {
	orders *prometheus.CounterVec
	sizes  prometheus.Histogram
	took   prometheus.Histogram
}

// NewPlacing makes the meter and registers its metrics.
func NewPlacing(reg prometheus.Registerer) *Placing {
	m := &Placing{
		orders: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "order_service_orders_total",
			Help: "Orders by what became of them: placed, or why not.",
		}, []string{"outcome"}),
		sizes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "order_service_append_orders", Help: "Orders stored in one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 14),
		}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "order_service_append_seconds", Help: "How long it took to store a batch, retries included.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
	}
	m.orders.WithLabelValues(placed)
	for _, o := range outcomes { // so that each is there from the beginning, as 0
		m.orders.WithLabelValues(o.label)
	}
	reg.MustRegister(m.orders, m.sizes, m.took)
	return m
}

// Appended counts a batch that was stored.
func (m *Placing) Appended(orders int, took time.Duration) {
	m.orders.WithLabelValues(placed).Add(float64(orders))
	m.sizes.Observe(float64(orders))
	m.took.Observe(took.Seconds())
}

// Failed counts an order that was not placed.
func (m *Placing) Failed(err error) {
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			m.orders.WithLabelValues(o.label).Inc()
			return
		}
	}
	m.orders.WithLabelValues("refused").Inc()
}

// WatchQueue shows how many orders wait to be stored.
func WatchQueue(reg prometheus.Registerer, queued func() int) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "order_service_queue_orders", Help: "Orders that wait to be stored.",
	}, func() float64 { return float64(queued()) }))
}
