// Package testenv gives tests real servers: PostgreSQL and Kafka brokers, started when the first test of a process asks
// for one and stopped by Main after the last.
package testenv

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/postgres"
	"ordertrack/scripts/localstack/process"
	"ordertrack/scripts/localstack/repository"
)

const (
	startLimit = 3 * time.Minute // a first start may fetch
	stopLimit  = 30 * time.Second
)

// Main is the body of a TestMain: it runs the tests, stops the servers they shared, and fails when a goroutine is left.
// Two goroutines of Sarama's it allows, which nothing can stop: the meter arbiter of go-metrics, and the timer of a
// producer's circuit breaker, which sleeps for ten seconds after a broker has failed and then ends.
func Main(m *testing.M, allowed ...goleak.Option) {
	process.Dispatch(broker.EmbeddedRole, postgres.FetchRole)
	code := m.Run()
	if err := stopShared(); err != nil {
		fmt.Fprintf(os.Stderr, "stop the servers of the tests: %v\n", err)
		code = max(code, 1)
	}
	if code == 0 {
		allowed = append(allowed,
			goleak.IgnoreAnyFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"),
			goleak.IgnoreAnyFunction("github.com/eapache/go-resiliency/breaker.(*Breaker).timer"))
		if err := goleak.Find(allowed...); err != nil {
			fmt.Fprintf(os.Stderr, "goleak: %v\n", err)
			code = 1
		}
	}
	os.Exit(code)
}

// Topic returns a topic name that no other test uses.
func Topic(tb testing.TB) string {
	tb.Helper()
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, tb.Name())
	return fmt.Sprintf("%.80s_%s", clean, uuid.NewString()[:8])
}

// CacheDir is where downloads are kept: LOCAL_CACHE, by default .local/cache of this repository.
func CacheDir() (string, error) {
	root, err := repository.Root()
	if err != nil {
		return "", err
	}
	dir := os.Getenv("LOCAL_CACHE")
	if dir == "" {
		dir = filepath.Join(".local", "cache")
	}
	dir = repository.Below(root, dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make cache folder: %w", err)
	}
	return dir, nil
}

// DataDir makes a folder for the data of a server that a test starts itself. It ends with the test.
func DataDir(tb testing.TB) string {
	tb.Helper()
	dir, err := dataDir()
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, os.RemoveAll(dir)) })
	return dir
}

// dataDir is outside of the folders of the testing package: those are closed to other users, and root's PostgreSQL
// runs as one.
func dataDir() (string, error) {
	dir, err := os.MkdirTemp("", "ordertrack-test-")
	if err != nil {
		return "", fmt.Errorf("make data folder: %w", err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", fmt.Errorf("open data folder: %w", err)
	}
	return dir, nil
}

// starting is the context of a server's start: it is not the test's, whose end must not end a shared server's start.
func starting() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), startLimit)
}

func stopping() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), stopLimit)
}
