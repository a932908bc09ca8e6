package readiness_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/localstack/readiness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOnly200IsReady(t *testing.T) {
	t.Parallel()
	status := make(chan int, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(<-status) }))
	probe := readiness.New(server.URL, time.Minute)
	for code, ready := range map[int]bool{200: true, 204: false, 404: false, 503: false} {
		status <- code
		require.Equal(t, ready, probe.IsReady(t.Context()), code)
	}
	server.Close()
	require.False(t, probe.IsReady(t.Context()), "nobody answers")
	require.False(t, readiness.New("http://[", time.Minute).IsReady(t.Context()), "no address")
}
