// Package pgdb is how both services reach PostgreSQL: opening a pool that waits for the server, migrating under a lock,
// transactions, and what an error means for a retry.
package pgdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/shared/backoff"
	"ordertrack/shared/settings"
)

// Setting is the environment variable that holds the database's address.
const Setting = "DATABASE_URL"

const (
	connectTimeout = 5 * time.Second
	pingTimeout    = 5 * time.Second
)

var waitPolicy = backoff.Policy{Base: 100 * time.Millisecond, Max: 5 * time.Second}

// Option changes the pool's configuration before it is opened.
type Option func(*pgxpool.Config)

// MaxConns bounds the pool.
func MaxConns(n int32) Option { return func(c *pgxpool.Config) { c.MaxConns = n } }

// Open opens a pool and waits until the server answers: NewPool and Wait in one.
func Open(ctx context.Context, url string, log *slog.Logger, opts ...Option) (*pgxpool.Pool, error) {
	pool, err := NewPool(url, opts...) //nolint:contextcheck // the pool outlives ctx, and connects only when used
	if err != nil {
		return nil, err
	}
	if err := Wait(ctx, pool, log); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// session is what every connection has: statements are short, and compiling them would take longer than running them;
// and the server notices within half a minute that a client is gone, which would else keep its locks for hours.
var session = map[string]string{
	"jit":                     "off",
	"tcp_keepalives_idle":     "10",
	"tcp_keepalives_interval": "5",
	"tcp_keepalives_count":    "3",
}

// NewPool makes a pool that connects when it is used first. A URL that cannot be read is a *settings.Error.
func NewPool(url string, opts ...Option) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, &settings.Error{
			Setting: Setting, Err: err,
			Problem: "is not a PostgreSQL address such as postgres://user@localhost:5432/database",
		}
	}
	config.ConnConfig.ConnectTimeout = connectTimeout
	maps.Copy(config.ConnConfig.RuntimeParams, session)
	for _, opt := range opts {
		opt(config)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("open the database pool: %w", err)
	}
	return pool, nil
}

// Wait waits until the server answers, with a log line that names it. Wrong credentials and a missing database cannot
// mend themselves: they are returned at once as a *settings.Error.
func Wait(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	conn := pool.Config().ConnConfig
	log = log.With("server", fmt.Sprintf("%s:%d/%s", conn.Host, conn.Port, conn.Database))
	ping := Ping(pool)
	for attempt := 0; ; attempt++ {
		err := ping(ctx)
		if err == nil {
			log.Info("connected to PostgreSQL")
			return nil
		}
		if refused := asRefused(err); refused != nil {
			return refused
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		log.Warn("waiting for PostgreSQL", "error", err)
		if err := backoff.Sleep(ctx, waitPolicy.Delay(attempt)); err != nil {
			return err
		}
	}
}

// asRefused turns a refusal that waiting cannot mend into an error that names the setting.
func asRefused(err error) error {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return nil
	}
	switch pg.Code {
	case "28000", "28P01", "3D000", "42501": // no such role or access, wrong password, no such database, no privilege
		return &settings.Error{Setting: Setting, Problem: "the server refuses: " + pg.Message, Err: err}
	}
	return nil
}

// Ping is a readiness check: it asks the server for an answer.
func Ping(pool *pgxpool.Pool) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, pingTimeout)
		defer cancel()
		if err := pool.Ping(ctx); err != nil {
			return fmt.Errorf("ping PostgreSQL: %w", err)
		}
		return nil
	}
}
