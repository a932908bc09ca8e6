package stack

import (
	"context"
	"fmt"
	"os"
	"strings"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/postgres"
)

// BrokerName is what messages call the broker.
const BrokerName = "the broker"

// Server is the PostgreSQL of a side, whose ends are noted.
type Server struct {
	*postgres.Server

	side Side
	seen *evidence.Log
}

// Kill ends PostgreSQL by SIGKILL.
func (s *Server) Kill() error {
	return noting(s.seen, evidence.Killed(s.side.Postgres()), s.Done, s.Server.Kill)
}

// Stop ends it in order.
func (s *Server) Stop(ctx context.Context) error {
	return noting(s.seen, evidence.Stopped(s.side.Postgres()), s.Done, func() error { return s.Server.Stop(ctx) })
}

// Said is how often the log of PostgreSQL has a text in it.
func (s *Server) Said(text string) (int, error) {
	log, err := os.ReadFile(s.LogPath())
	if err != nil {
		return 0, fmt.Errorf("read the log of PostgreSQL: %w", err)
	}
	return strings.Count(string(log), text), nil
}

// What PostgreSQL says in its log of a statement that took longer than statement_timeout, or waited longer for a lock than
// lock_timeout.
const (
	TimedOut     = "canceling statement due to statement timeout"
	LockTimedOut = "canceling statement due to lock timeout"
)

// Broker is the broker, whose ends are noted.
type Broker struct {
	*broker.Broker

	seen *evidence.Log
}

// Kill ends the broker by SIGKILL.
func (b *Broker) Kill() error {
	return noting(b.seen, evidence.Killed(BrokerName), b.Done, b.Broker.Kill)
}

// Stop ends it in order.
func (b *Broker) Stop(ctx context.Context) error {
	return noting(b.seen, evidence.Stopped(BrokerName), b.Done, func() error { return b.Broker.Stop(ctx) })
}

// noting notes the end of what ran before and does not any more.
func noting(seen *evidence.Log, fact evidence.Fact, done func() <-chan struct{}, end func() error) error {
	ran := !isClosed(done())
	if err := end(); err != nil {
		return err
	}
	if ran && isClosed(done()) {
		seen.Saw(fact, 1)
	}
	return nil
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
