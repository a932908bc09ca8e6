package httpserver_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
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

func newServer(addr string, handler http.HandlerFunc, opts ...httpserver.Option) *httpserver.Server {
	return httpserver.New("test", addr, handler, slog.New(slog.DiscardHandler), opts...)
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

// A client that keeps its connection alive must get an answer for each request that it could send.
func TestStopLeavesNoRequestWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	server := newServer("127.0.0.1:0", func(http.ResponseWriter, *http.Request) {})
	require.NoError(t, server.Start(t.Context()))

	const clients = 8
	var ready sync.WaitGroup
	ready.Add(clients)
	outcomes := make(chan error, clients)
	for range clients {
		go func() { outcomes <- askUntilClosed(server.Addr(), ready.Done) }()
	}
	ready.Wait()
	require.NoError(t, server.Stop(t.Context()))
	for range clients {
		require.NoError(t, <-outcomes)
	}
}

// askUntilClosed sends one request after the other on one connection, until an answer says that it is the last one.
func askUntilClosed(addr string, underWay func()) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for sent := 0; ; sent++ {
		if sent == 10 {
			underWay()
		}
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return err
		}
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
		if answer.Close {
			return nil
		}
	}
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

// Whether the listener is known to be closed when the server looks is a matter of luck: of a hundred stops some find out.
func TestStopOfAnIdleServerIsNoError(t *testing.T) {
	t.Parallel()
	for range 100 {
		server := newServer("127.0.0.1:0", nil)
		require.NoError(t, server.Start(t.Context()))
		require.NoError(t, server.Stop(t.Context()))
	}
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
