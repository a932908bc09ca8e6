package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/localstack/process"
	"ordertrack/scripts/localstack/readiness"
)

const (
	stopLimit  = 40 * time.Second // above the services' own
	readyPoll  = 20 * time.Millisecond
	readyLimit = 5 * time.Second // of one question
	logLines   = 15
)

// Service is one of the two services, as a process of its own that can be killed and started again.
type Service struct {
	Name  string
	API   string // URL without a path
	Admin string // likewise

	fleet     string // the service that this is a replica of
	seen      *evidence.Log
	path, log string
	args, env []string

	mu     sync.Mutex
	proc   *process.Process
	wanted bool  // it was started, and not retired since
	peak   int64 // of memory, in bytes, of the processes that were looked at
	paused pauseClock
}

// Start starts the service, for the first time or after Kill or Stop. It does not wait until it is ready. Its log goes
// behind what it wrote before.
func (s *Service) Start() error {
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", s.Name, err)
	}
	defer func() { _ = log.Close() }() // the child has its own descriptor
	proc, err := process.Start(process.Spec{
		Name: s.Name, Path: s.path, Args: s.args, Env: append(os.Environ(), s.env...), Output: log, OnParentDeath: syscall.SIGKILL,
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proc, s.wanted = proc, true
	return nil
}

// Kill ends the service by SIGKILL, in the middle of whatever it does.
func (s *Service) Kill() error {
	s.memory() // the last chance
	return noting(s.seen, evidence.Killed(s.fleet), s.process().Done, s.process().Kill)
}

// Stop asks the service to end, by SIGTERM, and waits until it has. Anything but exit code 0 is an error. One that was
// started just now is given the time to come up: before that it knows nothing of signals, and dies of the first.
func (s *Service) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	s.memory() // the last chance
	proc := s.process()
	if err := s.awaitUp(ctx); err != nil {
		return err
	}
	if err := noting(s.seen, evidence.Stopped(s.fleet), proc.Done, func() error { return proc.Stop(ctx, syscall.SIGTERM) }); err != nil {
		return err
	}
	if err := proc.Err(); err != nil {
		return s.explain("it did not stop in order", err)
	}
	return nil
}

// Retire is Stop for good: that the service is down is no fault any more, until it is started again.
func (s *Service) Retire(ctx context.Context) error {
	s.mu.Lock()
	s.wanted = false
	s.mu.Unlock()
	return s.Stop(ctx)
}

// awaitUp waits until the process listens at its admin port, or has ended.
func (s *Service) awaitUp(ctx context.Context) error {
	probe := readiness.New(s.Admin+"/livez", readyLimit)
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for !probe.IsReady(ctx) {
		select {
		case <-tick.C:
		case <-s.process().Done():
			return nil // and it will be told how
		case <-ctx.Done():
			return s.explain("it does not come up", context.Cause(ctx))
		}
	}
	return nil
}

// Pause stops the service in its tracks, by SIGSTOP: it keeps its connections, and knows nothing of it.
func (s *Service) Pause() error {
	if err := s.process().Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused.begin()
	return nil
}

// Continue undoes Pause.
func (s *Service) Continue() error {
	s.mu.Lock()
	s.seen.Saw(evidence.Paused(s.fleet), s.paused.end(s.proc.PID()))
	s.mu.Unlock()
	return s.process().Signal(syscall.SIGCONT)
}

// WaitReady waits until the service says that it is ready. A service that ended is not waited for.
func (s *Service) WaitReady(ctx context.Context) error {
	probe := readiness.New(s.Admin+"/readyz", readyLimit)
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for !probe.IsReady(ctx) {
		select {
		case <-tick.C:
		case <-s.process().Done():
			return s.explain("it ended by itself", s.process().Err())
		case <-ctx.Done():
			return s.explain("it is not ready", context.Cause(ctx))
		}
	}
	return nil
}

// WaitUnready waits until the service, which runs, says that it is not ready.
func (s *Service) WaitUnready(ctx context.Context) error {
	probe := readiness.New(s.Admin+"/readyz", readyLimit)
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for probe.IsReady(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s.explain("it says that it is ready, which cannot be", context.Cause(ctx))
		}
	}
	select {
	case <-s.process().Done():
		return s.explain("it ended by itself", s.process().Err())
	default:
		return nil
	}
}

func (s *Service) explain(what string, err error) error {
	if err == nil {
		err = errors.New("exit code 0")
	}
	return fmt.Errorf("%s: %s: %w; its log says:\n%s", s.Name, what, err, process.Tail(s.log, logLines))
}

// close ends the service without ceremony.
func (s *Service) close() error {
	if s.process() == nil {
		return nil
	}
	return s.Kill()
}

func (s *Service) isWanted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wanted
}

func (s *Service) process() *process.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc
}
