package service

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/httpserver"
)

func background(run func(context.Context) error) fx.Option {
	return fx.Invoke(func(l fx.Lifecycle, s fx.Shutdowner, log *slog.Logger) {
		l.Append(Background(run, Fatal{Log: log, Shutdowner: s}))
	})
}

// hooked is closed when all hooks before it have been started. fx does not stop one that a signal comes into the start of.
func hooked() (<-chan struct{}, fx.Option) {
	done := make(chan struct{})
	return done, hooks(func(context.Context) error { close(done); return nil }, nil)
}

func TestBackgroundEndsAtTheStop(t *testing.T) {
	t.Parallel()
	running, ended := make(chan struct{}), make(chan error, 1)
	started, last := hooked()
	code, signals, _, _ := start(nil, nil, fx.Options(background(func(ctx context.Context) error {
		close(running)
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return ctx.Err()
	}), last))
	<-running
	<-started
	signals <- syscall.SIGTERM
	require.Equal(t, 0, <-code)
	require.ErrorIs(t, <-ended, errStopping)
}

func TestFailureInTheBackgroundEndsTheService(t *testing.T) {
	t.Parallel()
	code, _, _, stderr := start(nil, nil, background(func(context.Context) error { return errors.New("broken for good") }))
	require.Equal(t, 1, <-code)
	require.Contains(t, stderr.String(), "broken for good")
}

func TestStopDoesNotWaitForeverForTheBackground(t *testing.T) {
	t.Parallel()
	running, release := make(chan struct{}), make(chan struct{})
	started, last := hooked()
	code, signals, _, stderr := start(nil, []string{"SHUTDOWN_TIMEOUT=1s"}, fx.Options(background(func(context.Context) error {
		close(running)
		<-release
		return nil
	}), last))
	<-running
	<-started
	signals <- syscall.SIGTERM
	require.Equal(t, 1, <-code)
	require.Contains(t, stderr.String(), "stop")
	close(release)
}

func TestServe(t *testing.T) {
	t.Parallel()
	var log testenv.Log
	server := httpserver.New("test", "127.0.0.1:0", http.NotFoundHandler(), log.Logger())
	hook := Serve(server, "HTTP_ADDR", Fatal{Log: log.Logger()})
	require.NoError(t, hook.OnStart(t.Context()))
	require.NoError(t, hook.OnStop(t.Context()))
	require.Contains(t, log.String(), "listening")

	taken := httpserver.New("test", "not an address", http.NotFoundHandler(), log.Logger())
	hook = Serve(taken, "HTTP_ADDR", Fatal{Log: log.Logger()})
	require.ErrorContains(t, hook.OnStart(t.Context()), "HTTP_ADDR: test server: listen")
}
