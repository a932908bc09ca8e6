// Package postgres keeps the counters in PostgreSQL, together with the marks that say how far they are.
package postgres

import (
	"embed"
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

// Session sets what the connections of a pool need: the server ends a transaction whose client has stopped in the middle,
// which would else keep its marks locked. Plans are made once, and by
// indexes (pgdb.PlanOnce, pgdb.FindByIndex).
func Session(config *pgxpool.Config) {
	config.ConnConfig.RuntimeParams["application_name"] = "track_users"
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "15s"
	pgdb.PlanOnce(config)
	pgdb.FindByIndex(config)
}
