// Package postgres keeps the order log in PostgreSQL: the append, and the relay's side of it.
package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/shared/pgdb"
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
// does, so that the outcome is known. Migrations that wait for a lock set their own lock_timeout.
// Plans are made once (pgdb.PlanOnce).
func Session(config *pgxpool.Config) {
	config.ConnConfig.RuntimeParams["application_name"] = "order_service"
	config.ConnConfig.RuntimeParams["lock_timeout"] = "1s"
	pgdb.PlanOnce(config)
}

// ForgetWriters removes what is left of processes of long ago: all but the thousand that appended last. That goes by
// the log and not by the clock, which may be wrong: the row of a process that waits for the outcome of its last batch is
// what keeps that batch from being appended twice, and is among the newest. An idle process is not harmed: its next batch
// makes a new row.
func ForgetWriters(ctx context.Context, pool *pgxpool.Pool) error {
	const sql = `
		DELETE FROM order_writer
		WHERE first_id < (SELECT first_id FROM order_writer ORDER BY first_id DESC OFFSET 999 LIMIT 1)`
	if _, err := pool.Exec(ctx, sql); err != nil {
		return fmt.Errorf("forget old writers: %w", err)
	}
	return nil
}
