package pgdb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"ordertrack/shared/backoff"
)

// A replica waits this long, in steps of a second, for another one to finish migrating.
const (
	lockPeriod = 1
	lockTries  = 600
)

// oldest is the major version of PostgreSQL that is needed at least: the first one with MERGE.
const oldest = 15

// Migrate brings the schema up to date with the goose migrations at the root of files, under a session lock: replicas
// that start together do it once. A database that goes away meanwhile is waited for; any other failure is returned, and
// so is a server that is older than PostgreSQL 15.
func Migrate(ctx context.Context, pool *pgxpool.Pool, files fs.FS, log *slog.Logger) error {
	for attempt := 0; ; attempt++ {
		err := migrate(ctx, pool, files, log)
		if err == nil || ctx.Err() != nil || !isAway(err) {
			return err
		}
		log.Warn("waiting for PostgreSQL to migrate", "error", err)
		if err := backoff.Sleep(ctx, waitPolicy.Delay(attempt)); err != nil {
			return err
		}
	}
}

// isAway tells whether the server could not be reached, or ended the session of its own accord (SQLSTATE classes 08, 53
// and 57), rather than refuse a migration.
func isAway(err error) bool {
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return slices.Contains([]string{"08", "53", "57"}, answer.Code[:2])
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, driver.ErrBadConn)
}

// checkVersion takes server_version_num and server_version.
func checkVersion(number int, text string) error {
	if number < oldest*10_000 {
		return fmt.Errorf("the server is PostgreSQL %s: %d or later is needed", text, oldest)
	}
	return nil
}

func migrate(ctx context.Context, pool *pgxpool.Pool, files fs.FS, log *slog.Logger) (err error) {
	var (
		number int
		text   string
	)
	const sql = `SELECT current_setting('server_version_num')::int, current_setting('server_version')`
	if err := pool.QueryRow(ctx, sql).Scan(&number, &text); err != nil {
		return fmt.Errorf("ask PostgreSQL for its version: %w", err)
	}
	if err := checkVersion(number, text); err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockPeriod, lockTries))
	if err != nil {
		return fmt.Errorf("prepare the migration lock: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	for _, r := range results {
		log.Info("migrated the database", "migration", r.Source.Path, "took", r.Duration)
	}
	return nil
}
