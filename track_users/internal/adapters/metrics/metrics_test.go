package metrics_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/track_users/internal/adapters/metrics"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
	"ordertrack/track_users/internal/domain/window"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMeter_ShowsWhatItWasTold(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	m := metrics.New(registry, tallying.Limits{Window: window.Limits{Events: 100, Bytes: 2048}})
	m.Applied(tallying.Applied{Counted: 10, Foreign: 3, Parked: 2, Repeats: 5, Took: 3 * time.Millisecond})
	m.Applied(tallying.Applied{Counted: 1, Took: time.Second})
	m.Waiting(domain.Stream{Topic: "user_events", Partition: 7}, 40, 1024, 6)
	m.Waiting(domain.Stream{Topic: "user_events", Partition: 8}, 1, 256, 1)
	m.Failed(errors.New("away"))
	m.Following(5)
	m.Dropped()

	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(recorder,
		httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	body, err := io.ReadAll(recorder.Body)
	require.NoError(t, err)
	lines := strings.Split(string(body), "\n")
	for _, want := range []string{
		`track_users_events_total{outcome="counted"} 11`,
		`track_users_events_total{outcome="foreign"} 3`,
		`track_users_events_total{outcome="parked"} 2`,
		`track_users_events_total{outcome="repeat"} 5`,
		`track_users_apply_seconds_count 2`,
		`track_users_apply_seconds_sum 1.003`,
		`track_users_apply_retries_total 1`,
		`track_users_window_events{partition="7"} 40`,
		`track_users_window_bytes{partition="7"} 1024`,
		`track_users_window_events{partition="8"} 1`,
		`track_users_window_dropped_total 7`,
		`track_users_window_limit{unit="events"} 100`,
		`track_users_window_limit{unit="bytes"} 2048`,
		`track_users_stream_clients 5`,
		`track_users_stream_dropped_total 1`,
	} {
		require.Contains(t, lines, want)
	}
}
