// Package metrics counts for Prometheus what the tallies do.
package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"ordertrack/track_users/internal/application/streaming"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// Meter implements tallying.Meter and streaming.Meter.
type Meter struct {
	events  *prometheus.CounterVec
	batches prometheus.Histogram
	retries prometheus.Counter
	waiting *prometheus.GaugeVec
	bytes   *prometheus.GaugeVec
	dropped prometheus.Counter

	following prometheus.Gauge
	slow      prometheus.Counter
}

var (
	_ tallying.Meter  = (*Meter)(nil)
	_ streaming.Meter = (*Meter)(nil)
)

// New makes a meter and registers its metrics.
func New(reg prometheus.Registerer, limits tallying.Limits) *Meter {
	m := &Meter{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "track_users_events_total",
			Help: "Events settled, by what became of them: counted, foreign (counted too), parked, repeat (dropped).",
		}, []string{"outcome"}),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "track_users_apply_seconds", Help: "How long it took to apply a batch, retries included.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 16),
		}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "track_users_apply_retries_total", Help: "Tries that failed and were made again.",
		}),
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "track_users_window_events", Help: "Events that wait in the receive window for an earlier one.",
		}, []string{"partition"}),
		bytes: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "track_users_window_bytes", Help: "Memory that the receive window takes, about.",
		}, []string{"partition"}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "track_users_window_dropped_total", Help: "Events dropped because the window was full; they are read again.",
		}),
		following: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "track_users_stream_clients", Help: "Clients that follow the counters live.",
		}),
		slow: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "track_users_stream_dropped_total", Help: "Clients that were dropped because they did not keep up.",
		}),
	}
	limit := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "track_users_window_limit", Help: "The receive window's limits for each partition.",
	}, []string{"unit"})
	limit.WithLabelValues("events").Set(float64(limits.Window.Events))
	limit.WithLabelValues("bytes").Set(float64(limits.Window.Bytes))
	reg.MustRegister(m.events, m.batches, m.retries, m.waiting, m.bytes, m.dropped, m.following, m.slow, limit)
	return m
}

// Applied counts a batch.
func (m *Meter) Applied(a tallying.Applied) {
	m.events.WithLabelValues("counted").Add(float64(a.Counted))
	m.events.WithLabelValues("foreign").Add(float64(a.Foreign))
	m.events.WithLabelValues("parked").Add(float64(a.Parked))
	m.events.WithLabelValues("repeat").Add(float64(a.Repeats))
	m.batches.Observe(a.Took.Seconds())
}

// Waiting shows how full a stream's window is.
func (m *Meter) Waiting(stream domain.Stream, events, bytes, dropped int) {
	partition := strconv.Itoa(int(stream.Partition))
	m.waiting.WithLabelValues(partition).Set(float64(events))
	m.bytes.WithLabelValues(partition).Set(float64(bytes))
	m.dropped.Add(float64(dropped))
}

// Failed counts a try that has to be made again.
func (m *Meter) Failed(error) { m.retries.Inc() }

// Following shows how many clients follow.
func (m *Meter) Following(clients int) { m.following.Set(float64(clients)) }

// Dropped counts a client that did not keep up.
func (m *Meter) Dropped() { m.slow.Inc() }
