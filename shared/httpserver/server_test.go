package httpserver_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/shared/httpserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	waitLimit = 10 * time.Second
	pollEvery = 5 * time.Millisecond
)

func newServer(addr string, handler http.HandlerFunc) *httpserver.Server {
	return httpserver.New("test", addr, handler, slog.New(slog.DiscardHandler))
}

func get(addr string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+addr+"/", http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Close = true
	return http.DefaultClient.Do(request)
}

func TestStopWaitsForRequestsUnderWay(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	server := newServer("127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "finished")
	})
	require.NoError(t, server.Start(t.Context()))

	body := make(chan string, 1)
	go func() {
		response, err := get(server.Addr())
		if err != nil {
			body <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		body <- string(text)
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- server.Stop(context.Background()) }()
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", server.Addr())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, waitLimit, pollEvery, "no new connections while draining")
	select {
	case <-stopped:
		t.Fatal("stopped before the request was done")
	default:
	}
	close(release)
	require.Equal(t, "finished", <-body)
	require.NoError(t, <-stopped)
}

func TestStopCutsOffWhenTheLimitIsOver(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	server := newServer("127.0.0.1:0", func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	require.NoError(t, server.Start(t.Context()))
	failed := make(chan error, 1)
	go func() {
		response, err := get(server.Addr())
		if err == nil {
			_ = response.Body.Close()
		}
		failed <- err
	}()
	<-entered
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, server.Stop(ended), context.Canceled)
	require.Error(t, <-failed)
}

func TestStopBeforeStartAndTwice(t *testing.T) {
	t.Parallel()
	server := newServer("127.0.0.1:0", nil)
	require.NoError(t, server.Stop(t.Context()))
	require.NoError(t, server.Stop(t.Context()))
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	first := newServer("127.0.0.1:0", nil)
	require.NoError(t, first.Start(t.Context()))
	err := newServer(first.Addr(), nil).Start(t.Context())
	require.ErrorContains(t, err, "test server")
	require.ErrorContains(t, err, "address already in use")
	require.NoError(t, first.Stop(t.Context()))
}

func TestLargeHeaderIsRefused(t *testing.T) {
	t.Parallel()
	server := newServer("127.0.0.1:0", func(http.ResponseWriter, *http.Request) {})
	require.NoError(t, server.Start(t.Context()))
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.Addr()+"/", http.NoBody)
	require.NoError(t, err)
	request.Close = true
	request.Header.Set("X-Large", strings.Repeat("x", 64<<10))
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response.StatusCode)
}
