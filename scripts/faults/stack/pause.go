package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// PauseBroker stops the broker in its tracks, by SIGSTOP, until the function that it returns is called.
func (s *Stack) PauseBroker() (resume func() error, err error) {
	return pause([]int{s.Broker.PID()})
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
	goOn, err := pause(server)
	if err != nil {
		return nil, err
	}
	sessions, err := sessionsBeside(ctx, conn)
	if err != nil {
		return nil, errors.Join(err, goOn())
	}
	all := slices.Concat(sessions, server)
	if goOn, err = pause(all); err != nil {
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
	ended := s.Postgres[side].Done()
	if err := signal([]int{s.Postgres[side].PID()}, syscall.SIGQUIT); err != nil {
		return err
	}
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop PostgreSQL at once: %w", context.Cause(ctx))
	}
}

func pause(pids []int) (resume func() error, err error) {
	resume = func() error { return signal(pids, syscall.SIGCONT) }
	if err := signal(pids, syscall.SIGSTOP); err != nil {
		return nil, errors.Join(err, resume())
	}
	return resume, nil
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
