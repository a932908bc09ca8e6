package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ordertrack/order_service/internal/domain"
)

// Relaying implements relaying.Meter, retransmitting.Meter and renewing.Meter.
type Relaying struct {
	leading   prometheus.Gauge
	published prometheus.Counter
	last      prometheus.Gauge
	delay     prometheus.Histogram
	failures  prometheus.Counter
	again     prometheus.Counter
	renewed   prometheus.Counter
}

// NewRelaying makes the meter and registers its metrics.
func NewRelaying(reg prometheus.Registerer) *Relaying {
	m := &Relaying{
		leading: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "order_service_relay_leading", Help: "1 while this replica's relay leads, else 0.",
		}),
		published: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "order_service_relay_published_total", Help: "Events acknowledged by Kafka, repeats included.",
		}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "order_service_relay_last_order_id", Help: "Id of the last order this replica has published.",
		}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "order_service_relay_delay_seconds", Help: "From an order's storing to its acknowledgement by Kafka, the oldest of each batch.",
			Buckets: prometheus.ExponentialBuckets(0.002, 2, 18),
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "order_service_relay_failures_total", Help: "How often the relay had to start over.",
		}),
	}
	m.again = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "order_service_relay_retransmitted_total", Help: "Events published again because Kafka had lost them.",
	})
	m.renewed = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "order_service_log_renewals_total", Help: "New order logs begun because the database was put back to an earlier state.",
	})
	reg.MustRegister(m.leading, m.published, m.last, m.delay, m.failures, m.again, m.renewed)
	return m
}

// Leading shows whether this relay has its turn.
func (m *Relaying) Leading(leads bool) {
	if leads {
		m.leading.Set(1)
		return
	}
	m.leading.Set(0)
}

// Published counts events that were acknowledged.
func (m *Relaying) Published(events []domain.Placed) {
	m.published.Add(float64(len(events)))
	m.last.Set(float64(events[len(events)-1].OrderID))
	m.delay.Observe(time.Since(events[0].PlacedAt).Seconds())
}

// Failed counts that the relay has to start over.
func (m *Relaying) Failed(error) { m.failures.Inc() }

// Retransmitted counts events that were published again.
func (m *Relaying) Retransmitted(events int) { m.again.Add(float64(events)) }

// Renewed counts a new log.
func (m *Relaying) Renewed() { m.renewed.Inc() }
