package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/localstack/ports"
	"ordertrack/scripts/localstack/process"
	"ordertrack/shared/backoff"
)

const (
	// leftoverLimit is how long what a killed server left (its sessions, or itself while it shuts down) is waited for.
	leftoverLimit = 10 * time.Second
	readyPoll     = 15 * time.Millisecond
	logLines      = 15
)

// launch starts the server and waits until it accepts connections. After a kill, the sessions of the server before
// may live for a moment and hold its shared memory; that is waited for.
func (s *Server) launch(ctx context.Context) error {
	if err := ports.Await(ctx, s.port); err != nil {
		return err
	}
	pause := backoff.Policy{Base: 50 * time.Millisecond, Max: time.Second}
	begin := time.Now()
	for attempt := 0; ; attempt++ {
		err := s.launchOnce(ctx)
		if err == nil || !strings.Contains(err.Error(), "is still in use") || time.Since(begin) > leftoverLimit {
			return err
		}
		if err := backoff.Sleep(ctx, pause.Delay(attempt)); err != nil {
			return fmt.Errorf("wait for the sessions of the server before: %w", err)
		}
	}
}

func (s *Server) launchOnce(ctx context.Context) error {
	logFile, err := process.OpenLog(s.logPath)
	if err != nil {
		return err
	}
	defer func() { _ = logFile.Close() }() // the child has its own descriptor
	proc, err := process.Start(process.Spec{
		Name: program, Path: s.bin.path(program), Args: s.arguments(ctx), Env: environment(), Dir: "/",
		Output: logFile, Credential: s.acct.credential(), OnParentDeath: deathSignal,
	})
	if err != nil {
		return err
	}
	if err := s.awaitReady(ctx, proc); err != nil {
		return errors.Join(err, proc.Kill())
	}
	s.mu.Lock()
	s.proc = proc
	s.mu.Unlock()
	s.log.DebugContext(ctx, "PostgreSQL accepts connections", "pid", proc.PID(), "port", s.port, "programs", s.bin.dir)
	return nil
}

func (s *Server) arguments(ctx context.Context) []string {
	listen := "127.0.0.1"
	if ports.HasIPv6(ctx) {
		listen += ",::1"
	}
	// No Unix socket: its path has a length limit that a deep clone would break.
	args := make([]string, 0, 10+2*len(s.settings))
	args = append(args, "-D", s.data, "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses="+listen, "-c", "unix_socket_directories=", "-c", "logging_collector=off")
	for _, key := range slices.Sorted(maps.Keys(s.settings)) {
		args = append(args, "-c", key+"="+s.settings[key])
	}
	return args
}

// awaitReady waits for the server's own word in postmaster.pid, as pg_ctl does, then asks it over the port who it is.
func (s *Server) awaitReady(ctx context.Context, proc *process.Process) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		if state, ok := readPostmaster(s.data); ok && state.ready && state.pid == proc.PID() {
			return s.confirm(ctx)
		}
		select {
		case <-proc.Done():
			return s.explainEnd(proc)
		case <-ctx.Done():
			return fmt.Errorf("start PostgreSQL: %w; its log says:\n%s", context.Cause(ctx), process.Tail(s.logPath, logLines))
		case <-tick.C:
		}
	}
}

func (s *Server) explainEnd(proc *process.Process) error {
	tail := process.Tail(s.logPath, logLines)
	if ports.SaysTaken(tail) {
		return fmt.Errorf("start PostgreSQL: %w", &ports.TakenError{Port: s.port})
	}
	return fmt.Errorf("start PostgreSQL: it ended (%w); its log says:\n%s", proc.Err(), tail)
}

// confirm makes sure that it is this server that answers on the port: with two addresses to listen on, one taken by
// another program only makes a line in the log.
func (s *Server) confirm(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.URL(superuser))
	if err != nil {
		return fmt.Errorf("connect to the new PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var data string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&data); err != nil {
		return fmt.Errorf("ask the new PostgreSQL for its data folder: %w", err)
	}
	if !sameFolder(data, s.data) {
		return fmt.Errorf("start PostgreSQL: %w", &ports.TakenError{Port: s.port})
	}
	return nil
}

func sameFolder(a, b string) bool {
	infoA, errA := os.Stat(filepath.Clean(a))
	infoB, errB := os.Stat(filepath.Clean(b))
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// awaitPredecessor waits a moment for a server whose launcher was killed: it is on its way out.
func (s *Server) awaitPredecessor(ctx context.Context) error {
	pause := backoff.Policy{Base: 20 * time.Millisecond, Max: 200 * time.Millisecond}
	begin := time.Now()
	for attempt := 0; ; attempt++ {
		state, ok := readPostmaster(s.data)
		if !ok || !state.alive() {
			return nil
		}
		if time.Since(begin) > leftoverLimit/2 {
			return &RunningError{Data: s.data, PID: state.pid, Port: state.port}
		}
		if err := backoff.Sleep(ctx, pause.Delay(attempt)); err != nil {
			return fmt.Errorf("wait for the PostgreSQL before: %w", err)
		}
	}
}
