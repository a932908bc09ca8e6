// Package postgres keeps the counters in PostgreSQL, together with the marks that say how far they are.
package postgres

import (
	"embed"
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

// Session sets what the connections of a pool need. A transaction whose client is gone keeps marks locked: the server
// notices within half a minute, and ends one that is idle.
func Session(config *pgxpool.Config) {
	maps.Copy(config.ConnConfig.RuntimeParams, map[string]string{
		"application_name":                    "track_users",
		"idle_in_transaction_session_timeout": "15s",
		"tcp_keepalives_idle":                 "10",
		"tcp_keepalives_interval":             "5",
		"tcp_keepalives_count":                "3",
	})
}
