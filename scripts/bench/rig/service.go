package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"ordertrack/scripts/localstack/ports"
	"ordertrack/scripts/localstack/process"
	"ordertrack/scripts/localstack/readiness"
)

const (
	readyPoll  = time.Millisecond
	readyLimit = 5 * time.Second // of one question
	startLimit = time.Minute
	stopLimit  = 40 * time.Second // above the services' own
	logLines   = 15
)

// Service is a program that runs and serves HTTP.
type Service struct {
	Name  string
	API   string        // host:port
	Admin string        // host:port; the rivals have none
	Ready time.Duration // from the start of the process to the first answer that it is ready

	log  string
	proc *process.Process
}

// Spec is what to run.
type Spec struct {
	Program string
	Env     []string // besides HTTP_ADDR and ADMIN_ADDR
	Ready   string   // path that answers 200 when the program is ready; empty asks /readyz of the admin port
}

// Run starts a program and waits until it is ready. Its environment is what the spec says and nothing else.
func (r *Rig) Run(ctx context.Context, spec Spec) (s *Service, err error) {
	err = ports.Pick(ctx, func(port int) error {
		s, err = r.start(ctx, spec, port)
		if err != nil && ports.SaysTaken(err.Error()) {
			return errors.Join(err, &ports.TakenError{Port: port}) // or that of the admin port: both are picked anew
		}
		return err
	})
	return s, err
}

func (r *Rig) start(ctx context.Context, spec Spec, port int) (*Service, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	admin, err := ports.Free(ctx)
	if err != nil {
		return nil, err
	}
	s := &Service{Name: spec.Program, API: local(port), Admin: local(admin), log: r.log(spec.Program)}
	log, err := process.OpenLog(s.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has its own descriptor
	env := append([]string{"PATH=" + os.Getenv("PATH"), "LOG_LEVEL=warn", "HTTP_ADDR=" + s.API, "ADMIN_ADDR=" + s.Admin}, spec.Env...)
	if r.opts.Profiles != "" {
		env = append(env, "PPROF=true")
	}
	begin := time.Now()
	s.proc, err = process.Start(process.Spec{
		Name: spec.Program, Path: filepath.Join(r.bin, spec.Program), Env: env, Output: log, OnParentDeath: syscall.SIGKILL,
	})
	if err != nil {
		return nil, err
	}
	url := "http://" + s.Admin + "/readyz"
	if spec.Ready != "" {
		url = "http://" + s.API + spec.Ready
	}
	if err := s.awaitReady(ctx, url); err != nil {
		return nil, errors.Join(err, s.proc.Kill())
	}
	s.Ready = time.Since(begin)
	return s, nil
}

func (s *Service) awaitReady(ctx context.Context, url string) error {
	probe := readiness.New(url, readyLimit)
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for !probe.IsReady(ctx) {
		select {
		case <-tick.C:
		case <-s.proc.Done():
			return s.explain("it ended by itself")
		case <-ctx.Done():
			return s.explain("it is not ready")
		}
	}
	return nil
}

func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

func (s *Service) explain(what string) error {
	return fmt.Errorf("%s: %s; its log says:\n%s", s.Name, what, process.Tail(s.log, logLines))
}

// PID is the process id.
func (s *Service) PID() int { return s.proc.PID() }

// Done is closed when the program has ended.
func (s *Service) Done() <-chan struct{} { return s.proc.Done() }

// Stop ends the program in order.
func (s *Service) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	if err := s.proc.Stop(ctx, syscall.SIGTERM); err != nil {
		return err
	}
	if s.proc.Err() != nil {
		return s.explain("it did not stop in order")
	}
	return nil
}

// Kill ends the program without ceremony: what it leaves undone is of no interest.
func (s *Service) Kill() error { return s.proc.Kill() }
