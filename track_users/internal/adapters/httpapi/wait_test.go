package httpapi_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/shared/golden"
	"ordertrack/shared/httpserver"
	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/waiting"
	"ordertrack/track_users/internal/domain"
)

const token = "AQGXssR-Gnw7nVI_Hw5qixEHAAAAAAAAEmcuSuIi"

// waiter keeps what was waited for.
type waiter struct {
	place domain.Place
	limit time.Duration
	wait  func(ctx context.Context) error // nil for no wait at all
}

func (w *waiter) Wait(ctx context.Context, place domain.Place, limit time.Duration) error {
	w.place, w.limit = place, limit
	if w.wait == nil {
		return nil
	}
	return w.wait(ctx)
}

func TestReadYourOwnWrite(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]time.Duration{
		"": 5 * time.Second, "&wait=0s": 0, "&wait=500ms": 500 * time.Millisecond, "&wait=30s": 30 * time.Second, "&wait=30000ms": 30 * time.Second,
	} {
		b := setup(t)
		b.users.EXPECT().ByName(gomock.Any(), name.Restore("a/b")).Return(domain.User{ID: 1, Name: name.Restore("a/b"), Counter: 1}, nil)
		response := b.get(t, "/api/v1/users/a%2Fb?after="+token+query)
		require.Equal(t, http.StatusOK, response.Code, response.Body)
		require.Equal(t, want, b.waiter.limit)
		require.Equal(t, domain.Place{
			Lane: domain.Lane{Source: "/order_service/logs/0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11", Number: 7}, Sequence: 4711,
		}, b.waiter.place)
	}
}

// Nothing is waited for, and the users are not asked.
func TestWaitsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"Ann?after=", "Ann?after=x", "Ann?after=" + token[1:] + "A", "Ann?wait=5s", "Ann?after=" + token + "&wait=31s",
		"Ann?after=" + token + "&wait=5", "Ann?after=" + token + "&wait=-1s", "Ann?after=" + token + "&wait=1m", "Ann?after=" + token + "&wait=1.5s",
		"Ann?after=" + token + "&wait=30001ms", "Ann?after=" + token + "&wait=", "Ann?before=" + token, "%20?after=" + token,
	} {
		b := setup(t)
		response := b.get(t, "/api/v1/users/"+path)
		require.Equal(t, http.StatusBadRequest, response.Code, path)
		require.Zero(t, b.waiter.place, path)
	}
	golden.RequireResponse(t, "wait refused", setup(t).get(t, "/api/v1/users/Ann?after=x&wait=1h"))
}

func TestWaitsThatEndWithoutTheOrder(t *testing.T) {
	t.Parallel()
	for title, err := range map[string]error{
		"not yet": waiting.ErrNotYet, "stopping": waiting.ErrStopping, "unavailable": waiting.ErrUnavailable,
	} {
		b := setup(t)
		b.waiter.wait = func(context.Context) error { return err }
		golden.RequireResponse(t, "wait "+title, b.get(t, "/api/v1/users/Ann?after="+token))
	}
}

// A wait may be longer than the server gives a client to send its request.
func TestAWaitOutlastsTheServersReadTimeout(t *testing.T) {
	t.Parallel()
	const timeout = 50 * time.Millisecond
	b := setup(t)
	b.waiter.wait = func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(5 * timeout):
			return nil
		}
	}
	b.users.EXPECT().ByName(gomock.Any(), gomock.Any()).Return(domain.User{ID: 1, Name: name.Restore("Ann"), Counter: 1}, nil)
	server := httpserver.New("api", "127.0.0.1:0", b.handle, slog.New(slog.DiscardHandler), httpserver.Timeouts(timeout, timeout))
	require.NoError(t, server.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.Addr()+"/api/v1/users/Ann?after="+token, http.NoBody)
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
}

// A body says nothing here. Whoever sends one that does not end is answered all the same, and cut off.
func TestABodyThatDoesNotEndHoldsNoConnection(t *testing.T) {
	t.Parallel()
	const timeout = 50 * time.Millisecond
	for title, length := range map[string]string{"of a length": "Content-Length: 100", "chunked": "Transfer-Encoding: chunked"} {
		b := setup(t)
		b.waiter.wait = func(context.Context) error { return waiting.ErrNotYet }
		server := httpserver.New("api", "127.0.0.1:0", b.handle, slog.New(slog.DiscardHandler), httpserver.Timeouts(timeout, timeout))
		require.NoError(t, server.Start(t.Context()))
		conn, err := net.Dial("tcp", server.Addr())
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		_, err = io.WriteString(conn, "GET /api/v1/users/Ann?after="+token+" HTTP/1.1\r\nHost: x\r\n"+length+"\r\n\r\n")
		require.NoError(t, err)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, title)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusGatewayTimeout, response.StatusCode, title)
		require.True(t, response.Close, title)
		require.NoError(t, conn.Close())
		require.NoError(t, server.Stop(context.Background()))
	}
}

func TestAClientThatGoesWhileItWaitsIsNoFault(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.waiter.wait = func(ctx context.Context) error {
		cancel()
		return context.Cause(ctx)
	}
	recorder := httptest.NewRecorder()
	b.handle.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/users/Ann?after="+token, http.NoBody))
	require.Zero(t, recorder.Body.Len())
	require.NotContains(t, b.log.String(), "level=WARN")
	require.NotContains(t, b.log.String(), "level=ERROR")
}
