package service

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"go.uber.org/fx"

	"ordertrack/shared/httpserver"
	"ordertrack/shared/settings"
)

var errStopping = errors.New("the service is stopping")

// Fatal ends the service with exit code 1 when something that it cannot do without has failed for good.
type Fatal struct {
	Log        *slog.Logger
	Shutdowner fx.Shutdowner
}

// Report logs the error and has the service stopped.
func (f Fatal) Report(err error) {
	f.Log.Error("giving up", "error", err)
	if err := f.Shutdowner.Shutdown(fx.ExitCode(exitFailed)); err != nil {
		f.Log.Error("cannot shut down", "error", err)
	}
}

// Background is a hook that runs something beside the rest of the service. Its context ends at the stop, which waits
// for run to return, or for its own limit. An error that run returns before is fatal.
func Background(run func(context.Context) error, fatal Fatal) fx.Hook {
	ctx, cancel := context.WithCancelCause(context.Background())
	var done sync.WaitGroup
	return fx.Hook{
		OnStart: func(context.Context) error {
			done.Go(func() {
				if err := run(ctx); err != nil && ctx.Err() == nil {
					fatal.Report(err)
				}
			})
			return nil
		},
		OnStop: func(limit context.Context) error {
			cancel(errStopping)
			return wait(limit, &done)
		},
	}
}

func wait(ctx context.Context, done *sync.WaitGroup) error {
	finished := make(chan struct{})
	go func() { done.Wait(); close(finished) }()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Serve is a hook that runs a server from start to stop; when it ends in between, that is fatal. setting is the one that
// says where it listens, and is named when it cannot.
func Serve(server *httpserver.Server, setting string, fatal Fatal) fx.Hook {
	watch := Background(func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return nil
		case err := <-server.Failed():
			return err
		}
	}, fatal)
	return fx.Hook{
		OnStart: func(ctx context.Context) error {
			if err := server.Start(ctx); err != nil {
				return &settings.Error{Setting: setting, Problem: err.Error(), Err: err}
			}
			return watch.OnStart(ctx)
		},
		OnStop: func(ctx context.Context) error {
			return errors.Join(server.Stop(ctx), watch.OnStop(ctx))
		},
	}
}
