package testenv

import (
	"context"
	"errors"
	"os"
	"sync"

	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/postgres"
)

// closer is a server as far as its end is concerned.
type closer interface {
	Close(ctx context.Context) error
}

// lazy is a server that all tests of the process share, with its folder.
type lazy[S closer] struct {
	start func(ctx context.Context, dir, cache string) (S, error)

	once    sync.Once
	server  S
	dir     string
	err     error
	started bool
}

var (
	sharedPostgres = &lazy[*postgres.Server]{start: startPostgres}
	sharedEmbedded = &lazy[*broker.Broker]{start: startBroker(broker.Embedded)}
	sharedApache   = &lazy[*broker.Broker]{start: startBroker(broker.Apache)}
)

// get starts the server at the first call. A failure is final, and every test that asks gets it.
func (l *lazy[S]) get() (S, error) {
	l.once.Do(func() {
		ctx, cancel := starting()
		defer cancel()
		l.server, l.dir, l.err = inOwnFolder(ctx, l.start)
		l.started = l.err == nil
	})
	return l.server, l.err
}

func (l *lazy[S]) stop() error {
	if !l.started {
		return nil
	}
	ctx, cancel := stopping()
	defer cancel()
	return errors.Join(l.server.Close(ctx), os.RemoveAll(l.dir))
}

func stopShared() error {
	return errors.Join(sharedPostgres.stop(), sharedEmbedded.stop(), sharedApache.stop())
}

func inOwnFolder[S any](ctx context.Context, start func(ctx context.Context, dir, cache string) (S, error)) (S, string, error) {
	var none S
	cache, err := CacheDir()
	if err != nil {
		return none, "", err
	}
	dir, err := dataDir()
	if err != nil {
		return none, "", err
	}
	server, err := start(ctx, dir, cache)
	if err != nil {
		return none, "", errors.Join(err, os.RemoveAll(dir))
	}
	return server, dir, nil
}

func startPostgres(ctx context.Context, dir, cache string) (*postgres.Server, error) {
	return postgres.Start(ctx, postgresOptions(dir, cache))
}

// postgresOptions do without fsync: tests kill processes, and those leave what they wrote with the operating system.
func postgresOptions(dir, cache string) postgres.Options {
	return postgres.Options{
		BinDir: os.Getenv("PG_BIN_DIR"), Mirror: os.Getenv("POSTGRES_MIRROR"), DataDir: dir, CacheDir: cache,
		Settings: map[string]string{
			"fsync": "off", "full_page_writes": "off", "max_connections": "300", "shared_buffers": "64MB",
		},
	}
}

func startBroker(kind broker.Kind) func(ctx context.Context, dir, cache string) (*broker.Broker, error) {
	return func(ctx context.Context, dir, cache string) (*broker.Broker, error) {
		return broker.Start(ctx, kind, broker.Options{DataDir: dir, CacheDir: cache, NoSync: true})
	}
}
