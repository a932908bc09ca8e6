package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func answering(t *testing.T, code int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			code = http.StatusNotFound
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"status":"so"}`))
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestCheck(t *testing.T) {
	t.Parallel()
	ready := answering(t, http.StatusOK)
	_, port, err := net.SplitHostPort(ready)
	require.NoError(t, err)
	require.NoError(t, check(t.Context(), ready))
	for _, everywhere := range []string{":" + port, "0.0.0.0:" + port, "[::]:" + port} {
		require.NoError(t, check(t.Context(), everywhere))
	}
}

func TestCheckFails(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, check(t.Context(), answering(t, http.StatusServiceUnavailable)), `503 Service Unavailable: {"status":"so"}`)
	require.ErrorContains(t, check(t.Context(), "127.0.0.1:1"), "refused")
	require.ErrorContains(t, check(t.Context(), ""), "ADMIN_ADDR")
}

func TestCheckDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	silent, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0") // takes connections and never answers
	require.NoError(t, err)
	defer func() { require.NoError(t, silent.Close()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, check(ctx, silent.Addr().String()), context.DeadlineExceeded)
}
