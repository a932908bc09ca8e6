package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/faults/evidence"
)

// PauseBroker stops the broker in its tracks, by SIGSTOP, until the function that it returns is called.
func (s *Stack) PauseBroker() (resume func() error, err error) {
	return pause([]int{s.Broker.PID()}, s.Seen, BrokerName)
}

// PausePostgres does so with the PostgreSQL of a side and all its sessions.
func (s *Stack) PausePostgres(ctx context.Context, side Side) (resume func() error, err error) {
	conn, err := pgx.Connect(ctx, s.Postgres[side].URL("postgres"))
	if err != nil {
		return nil, fmt.Errorf("pause PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	// The server itself comes first, so that there are no new sessions while the others are being stopped.
	server := []int{s.Postgres[side].PID()}
	goOn, err := pause(server, nil, "")
	if err != nil {
		return nil, err
	}
	sessions, err := sessionsBeside(ctx, conn)
	if err != nil {
		return nil, errors.Join(err, goOn())
	}
	all := slices.Concat(sessions, server)
	if goOn, err = pause(all, s.Seen, side.Postgres()); err != nil {
		return nil, err
	}
	return goOn, nil
}

// sessionsBeside are the processes of all sessions but the one that asks, and the server's own helpers.
func sessionsBeside(ctx context.Context, conn *pgx.Conn) ([]int, error) {
	rows, err := conn.Query(ctx, `SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()`)
	if err != nil {
		return nil, fmt.Errorf("find the sessions: %w", err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return nil, fmt.Errorf("find the sessions: %w", err)
	}
	return pids, nil
}

// StopPostgresAtOnce ends the PostgreSQL of a side as "pg_ctl stop -m immediate" does, and waits for its end.
func (s *Stack) StopPostgresAtOnce(ctx context.Context, side Side) error {
	return s.signalPostgres(ctx, side, syscall.SIGQUIT, evidence.StoppedAtOnce(side.Postgres()), func() error { return nil })
}

// StopPostgresSmartly ends the PostgreSQL of a side as "pg_ctl stop -m smart" does: end has to end all sessions.
func (s *Stack) StopPostgresSmartly(ctx context.Context, side Side, end func() error) error {
	return s.signalPostgres(ctx, side, syscall.SIGTERM, evidence.StoppedSmartly(side.Postgres()), end)
}

func (s *Stack) signalPostgres(ctx context.Context, side Side, sig syscall.Signal, fact evidence.Fact, then func() error) error {
	ended := s.Postgres[side].Done()
	return noting(s.Seen, fact, s.Postgres[side].Done, func() error {
		if err := errors.Join(signal([]int{s.Postgres[side].PID()}, sig), then()); err != nil {
			return err
		}
		select {
		case <-ended:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("stop PostgreSQL: %w", context.Cause(ctx))
		}
	})
}

// pause stops processes, the last of which is the one that is looked at for how long it stood still.
func pause(pids []int, seen *evidence.Log, name string) (resume func() error, err error) {
	var clock pauseClock
	resume = func() error {
		seen.Saw(evidence.Paused(name), clock.end(pids[len(pids)-1]))
		return signal(pids, syscall.SIGCONT)
	}
	if err := signal(pids, syscall.SIGSTOP); err != nil {
		return nil, errors.Join(err, resume())
	}
	clock.begin()
	return resume, nil
}

// pauseClock measures for how long a process stood still.
type pauseClock struct{ since time.Time }

func (c *pauseClock) begin() { c.since = time.Now() }

// end is 0 for a process that did not stand still to the end, in milliseconds. Without Linux's /proc the signal is believed.
func (c *pauseClock) end(pid int) int64 {
	if c.since.IsZero() {
		return 0
	}
	stood := time.Since(c.since)
	c.since = time.Time{}
	if _, err := os.Stat("/proc/self/stat"); err == nil && !isStopped(pid) {
		return 0
	}
	return stood.Milliseconds()
}

// isStopped reads the state of a process: T is one that is stopped by a signal (proc(5)).
func isStopped(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // behind the program's name
	return strings.HasPrefix(rest, "T")
}

// signal passes over processes that have ended.
func signal(pids []int, sig syscall.Signal) error {
	var errs []error
	for _, pid := range pids {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, fmt.Errorf("signal process %d: %w", pid, err))
		}
	}
	return errors.Join(errs...)
}
