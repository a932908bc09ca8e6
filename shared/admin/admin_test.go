package admin_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/shared/admin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func setup(t *testing.T, checks ...admin.Check) (*admin.Server, func(path string) (int, string)) {
	t.Helper()
	server := admin.New("127.0.0.1:0", slog.New(slog.DiscardHandler), admin.NewRegistry(), checks...)
	return server, start(t, server)
}

func start(t *testing.T, server *admin.Server) (get func(path string) (int, string)) {
	t.Helper()
	require.NoError(t, server.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	return func(path string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.Addr()+path, http.NoBody)
		require.NoError(t, err)
		request.Close = true
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(body)
	}
}

func TestLivezIgnoresTheChecks(t *testing.T) {
	t.Parallel()
	_, get := setup(t, admin.Check{Name: "database", Ready: func(context.Context) error { return errors.New("down") }})
	status, _ := get("/livez")
	require.Equal(t, http.StatusOK, status)
}

func TestReadyzFollowsTheChecks(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	_, get := setup(t,
		admin.Check{Name: "database", Ready: func(context.Context) error {
			if down.Load() {
				return errors.New("secret detail")
			}
			return nil
		}},
		admin.Check{Name: "broker", Ready: func(context.Context) error { return nil }},
	)
	status, body := get("/readyz")
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"status":"ready","checks":{"database":"ok","broker":"ok"}}`, body)

	down.Store(true)
	status, body = get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.JSONEq(t, `{"status":"not ready","checks":{"database":"failing","broker":"ok"}}`, body)

	down.Store(false)
	status, _ = get("/readyz")
	require.Equal(t, http.StatusOK, status, "ready comes back by itself")
}

func TestReadyzGivesUpOnACheckThatHangs(t *testing.T) {
	t.Parallel()
	_, get := setup(t, admin.Check{Name: "broker", Ready: func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}})
	status, body := get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, `"broker":"failing"`)
}

func TestReadyzIsOffWhileDraining(t *testing.T) {
	t.Parallel()
	server, get := setup(t)
	status, _ := get("/readyz")
	require.Equal(t, http.StatusOK, status)
	server.Drain()
	status, body := get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "stopping")
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	_, get := setup(t)
	status, body := get("/metrics")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "go_goroutines")
	require.Contains(t, body, "process_resident_memory_bytes")
}

func TestProfilesAreServedOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	_, get := setup(t)
	status, _ := get("/debug/pprof/")
	require.Equal(t, http.StatusNotFound, status)

	server := admin.New("127.0.0.1:0", slog.New(slog.DiscardHandler), admin.NewRegistry())
	server.ServeProfiles()
	get = start(t, server)
	for _, profile := range []string{"", "heap", "cmdline", "trace?seconds=0.01"} {
		status, body := get("/debug/pprof/" + profile)
		require.Equal(t, http.StatusOK, status, profile)
		require.NotEmpty(t, body, profile)
	}
}
