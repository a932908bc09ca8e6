package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/localstack/process"
	"ordertrack/scripts/localstack/readiness"
)

const (
	readyPoll  = 50 * time.Millisecond
	readyLimit = 2 * time.Second // of one question
	sayEvery   = 10 * time.Second
)

// service is one of the two programs, as this launcher starts it.
type service struct {
	name  string // also its package
	env   []string
	admin string
}

func (l *launcher) services() []service {
	common := []string{
		fmt.Sprintf("KAFKA_BROKERS=127.0.0.1:%d", l.cfg.KafkaPort),
		"KAFKA_TOPIC=" + l.cfg.Topic, "LOG_LEVEL=" + l.cfg.LogLevel.String(),
	}
	database := func(name string) string {
		return fmt.Sprintf("DATABASE_URL=postgres://postgres@127.0.0.1:%d/%s", l.cfg.PostgresPort, name)
	}
	return []service{
		{name: "order_service", admin: l.cfg.OrderAdmin, env: slices.Concat(common, []string{
			database(ordersDatabase), "HTTP_ADDR=" + l.cfg.OrderHTTP, "ADMIN_ADDR=" + l.cfg.OrderAdmin,
			"TRACK_USERS_URL=" + base(l.cfg.TrackHTTP),
		})},
		{name: "track_users", admin: l.cfg.TrackAdmin, env: slices.Concat(common, []string{
			database(trackDatabase), "HTTP_ADDR=" + l.cfg.TrackHTTP, "ADMIN_ADDR=" + l.cfg.TrackAdmin, "KAFKA_GROUP=" + l.cfg.Group,
		})},
	}
}

// goBuild builds the services with the Go of this machine.
func (l *launcher) goBuild(ctx context.Context, services []service) (map[string]string, error) {
	executables := make(map[string]string, len(services))
	if len(services) == 0 {
		return executables, nil
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("find the go command: %w", err)
	}
	folder := filepath.Join(l.cfg.LocalDir, "bin")
	args := []string{"build", "-o", folder + string(filepath.Separator)}
	for _, s := range services {
		args = append(args, "./"+s.name)
		executables[s.name] = filepath.Join(folder, s.name)
	}
	l.log.InfoContext(ctx, "building the services", "into", folder)
	err = process.Run(ctx, process.Spec{
		Name: "go build", Path: tool, Args: args, Dir: l.cfg.root, Env: l.environ, OnParentDeath: syscall.SIGKILL,
	})
	return executables, err
}

// group is the services that run.
type group struct{ members []member }

type member struct {
	name string
	proc *process.Process
}

// startServices starts the services and returns when all of them say that they are ready.
func (l *launcher) startServices(ctx context.Context, running *group, services []service, executables map[string]string) error {
	for _, s := range services {
		proc, err := process.Start(process.Spec{
			Name: s.name, Path: executables[s.name], Env: slices.Concat(l.environ, s.env), Dir: l.cfg.root,
			Output: newPrefix(l.stderr, s.name), OnParentDeath: syscall.SIGTERM,
		})
		if err != nil {
			return err
		}
		running.members = append(running.members, member{s.name, proc})
	}
	all, ctx := errgroup.WithContext(ctx)
	for i, s := range services {
		all.Go(func() error { return l.awaitReady(ctx, s, running.members[i].proc) })
	}
	return all.Wait()
}

// awaitReady asks until the service is ready, without a limit: it says itself what it waits for.
func (l *launcher) awaitReady(ctx context.Context, s service, proc *process.Process) error {
	probe := readiness.New(base(s.admin)+"/readyz", readyLimit)
	poll, say := time.NewTicker(readyPoll), time.NewTicker(sayEvery)
	defer poll.Stop()
	defer say.Stop()
	for {
		if probe.IsReady(ctx) {
			return nil
		}
		select {
		case <-poll.C:
		case <-say.C:
			l.log.WarnContext(ctx, "a service is not ready yet", "service", s.name, "see", base(s.admin)+"/readyz")
		case <-proc.Done():
			return endedByItself(s.name, proc)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// stop asks all services to end at once and waits for them; those that take too long, or all when there is no
// patience, are killed.
func (g *group) stop(patience context.Context) error {
	ctx, cancel := context.WithTimeout(patience, serviceStopLimit)
	defer cancel()
	errs := make([]error, len(g.members))
	var stopping sync.WaitGroup
	for i, m := range g.members {
		stopping.Go(func() { errs[i] = m.proc.Stop(ctx, syscall.SIGTERM) })
	}
	stopping.Wait()
	return errors.Join(errs...)
}
