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
// which would else keep its marks locked. Plans are made once, and by indexes (pgdb.PlanOnce, pgdb.FindByIndex). Where
// plans are made for what they are for, a page anywhere costs about as much as the next one, as in memory and on solid
// disks: reading all users would else seem cheaper than finding some.
func Session(config *pgxpool.Config) {
	config.ConnConfig.RuntimeParams["application_name"] = "track_users"
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "15s"
	pgdb.PlanOnce(config)
	pgdb.FindByIndex(config)
	config.ConnConfig.RuntimeParams["random_page_cost"] = "1.1"
}
