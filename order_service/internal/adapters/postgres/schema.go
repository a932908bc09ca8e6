// Package postgres keeps the order log in PostgreSQL: the append, and the relay's side of it.
package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"maps"

	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the schema's goose migrations, at the root of the file system.
func Migrations() fs.FS {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil { // the name is a constant and valid
		panic(err)
	}
	return files
}

// Session sets what the connections of a pool need. An append that waits for the log's lock gives up before its caller
// does, so that the outcome is known (migrations that wait for a lock set their own lock_timeout); and the server
// notices within half a minute that a client is gone, which would else keep a lock for hours.
func Session(config *pgxpool.Config) {
	maps.Copy(config.ConnConfig.RuntimeParams, map[string]string{
		"application_name":        "order_service",
		"jit":                     "off", // all statements are short: compiling them takes longer than running them
		"lock_timeout":            "1s",
		"tcp_keepalives_idle":     "10",
		"tcp_keepalives_interval": "5",
		"tcp_keepalives_count":    "3",
	})
}

// ForgetWriters removes what is left of processes that have appended nothing for a week. A process that is idle for
// longer is not harmed: its next batch makes a new row.
func ForgetWriters(ctx context.Context, pool *pgxpool.Pool) error {
	const sql = `DELETE FROM order_writer WHERE touched_at < now() - interval '7 days'`
	if _, err := pool.Exec(ctx, sql); err != nil {
		return fmt.Errorf("forget old writers: %w", err)
	}
	return nil
}
