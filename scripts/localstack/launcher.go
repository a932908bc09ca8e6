package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/localstack/dirlock"
	"ordertrack/scripts/localstack/process"
)

// Limits of an orderly stop. A service has its own limit (SHUTDOWN_TIMEOUT), below this one.
const (
	serviceStopLimit = 30 * time.Second
	infraStopLimit   = 30 * time.Second
)

// launcher brings the stack up, watches it, and takes it down.
type launcher struct {
	cfg            config
	environ        []string
	stdout, stderr io.Writer
	log            *slog.Logger
	build          func(ctx context.Context, services []service) (map[string]string, error) // name to executable
}

func newLauncher(cfg config, environ []string, stdout, stderr io.Writer) *launcher {
	out := newLines(stderr)
	l := &launcher{
		cfg: cfg, environ: environ, stdout: stdout, stderr: out,
		log: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: cfg.LogLevel})),
	}
	l.build = l.goBuild
	return l
}

// run returns nil when it was told to end by a signal and everything stopped in order. When patience ends, what is
// still up is killed.
func (l *launcher) run(ctx, patience context.Context, m mode) (err error) {
	lock, err := l.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()

	services := l.services()
	if m == modeInfra {
		services = nil
	}
	infra, executables, err := l.prepare(ctx, patience, services)
	if err != nil {
		return reason(ctx, err)
	}
	defer func() { err = errors.Join(err, infra.close(patience)) }()

	running := &group{}
	defer func() { err = errors.Join(err, running.stop(patience)) }()
	if err := l.startServices(ctx, running, services, executables); err != nil {
		return reason(ctx, err)
	}
	if err := l.announce(m, infra); err != nil {
		return err
	}
	return reason(ctx, watch(ctx, infra, running))
}

// reason is why the stack ends: nil when a signal said so, whatever that broke on its way.
func reason(ctx context.Context, err error) error {
	if _, told := errors.AsType[*signalError](context.Cause(ctx)); told {
		return nil
	}
	return err
}

func (l *launcher) lock() (*dirlock.Lock, error) {
	if err := os.MkdirAll(l.cfg.LocalDir, 0o755); err != nil {
		return nil, fmt.Errorf("LOCAL_DIR: %w", err)
	}
	lock, err := dirlock.Try(filepath.Join(l.cfg.LocalDir, "launcher.lock"))
	if held, ok := errors.AsType[*dirlock.HeldError](err); ok {
		return nil, fmt.Errorf("a stack already runs on %s (pid %d): stop it, or give this one another LOCAL_DIR and other ports",
			l.cfg.LocalDir, held.PID)
	}
	return lock, err
}

// prepare starts the infrastructure while the services are built.
func (l *launcher) prepare(ctx, patience context.Context, services []service) (*infra, map[string]string, error) {
	if err := l.checkPorts(ctx, services); err != nil {
		return nil, nil, err
	}
	up := &infra{}
	var executables map[string]string
	both, groupCtx := errgroup.WithContext(ctx)
	both.Go(func() error { return l.startInfra(groupCtx, up) })
	both.Go(func() (err error) {
		executables, err = l.build(groupCtx, services)
		return err
	})
	if err := both.Wait(); err != nil {
		return nil, nil, errors.Join(err, up.close(patience))
	}
	return up, executables, nil
}

// watch waits until it is time to end: because of a signal, or because something ended that should not.
func watch(ctx context.Context, up *infra, running *group) error {
	ended := make(chan error, 1)
	report := func(err error) {
		select {
		case ended <- err:
		default: // one reason is enough
		}
	}
	watching, cancel := context.WithCancel(ctx)
	var watchers errgroup.Group
	defer func() {
		cancel()
		_ = watchers.Wait() // they only report
	}()
	for name, done := range up.parts() {
		watchers.Go(func() error {
			if waitFor(watching, done) {
				report(fmt.Errorf("%s ended by itself, see its log in LOCAL_DIR", name))
			}
			return nil
		})
	}
	for _, member := range running.members {
		watchers.Go(func() error {
			if waitFor(watching, member.proc.Done()) {
				report(endedByItself(member.name, member.proc))
			}
			return nil
		})
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func waitFor(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func endedByItself(name string, proc *process.Process) error {
	how := "exit status 0"
	if err := proc.Err(); err != nil {
		how = err.Error()
	}
	return fmt.Errorf("%s ended by itself: %s", name, how)
}
