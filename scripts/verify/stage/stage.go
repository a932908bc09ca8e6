// Package stage gives tests the two databases with the services' true schema, and plays the services' part in them: by
// plain SQL of its own, so that a test can also do what the services never would.
package stage

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/repository"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/scripts/verify/audit"
	"ordertrack/shared/pgdb"
)

// Stage is a pair of databases.
type Stage struct {
	Databases audit.Databases
	Orders    *pgxpool.Pool
	Track     *pgxpool.Pool
}

// New makes both databases, empty but for their schema. They end with the test.
func New(t *testing.T) *Stage {
	t.Helper()
	s := &Stage{Databases: audit.Databases{Orders: testenv.Database(t), Track: testenv.Database(t)}}
	s.Orders = open(t, s.Databases.Orders, "order_service")
	s.Track = open(t, s.Databases.Track, "track_users")
	return s
}

func open(t *testing.T, url, service string) *pgxpool.Pool {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	pool, err := pgdb.Open(t.Context(), url, log)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	root, err := repository.Root()
	require.NoError(t, err)
	migrations := filepath.Join(root, service, "internal", "adapters", "postgres", "migrations")
	require.NoError(t, pgdb.Migrate(t.Context(), pool, os.DirFS(migrations), log))
	return pool
}

// Order stores n orders of a name.
func (s *Stage) Order(ctx context.Context, name string, lane, n int) error {
	return s.OrderNoted(ctx, name, "", lane, n)
}

// OrderNoted stores n orders of a name with a note.
func (s *Stage) OrderNoted(ctx context.Context, name, note string, lane, n int) error {
	const sql = `
		WITH log AS (UPDATE order_log SET last_id = last_id + $4 RETURNING last_id - $4 AS before),
		head AS (UPDATE order_lane SET head = head + $4 WHERE lane = $3 RETURNING head - $4 AS before)
		INSERT INTO orders (id, name, note, created_at, lane, sequence)
		SELECT log.before + i, $1, $2, now(), $3, head.before + i FROM log, head, generate_series(1, $4::int) i`
	_, err := s.Orders.Exec(ctx, sql, name, note, lane, n)
	return err
}

// Count counts the next n events of a lane for a name.
func (s *Stage) Count(ctx context.Context, name string, lane, n int) error {
	var log string
	if err := s.Orders.QueryRow(ctx, `SELECT id::text FROM order_log`).Scan(&log); err != nil {
		return err
	}
	const sql = `
		WITH marked AS (
			INSERT INTO lane_mark (source, lane, applied) VALUES ('/order_service/logs/' || $4, $2, $3)
			ON CONFLICT (source, lane) DO UPDATE SET applied = lane_mark.applied + excluded.applied
		)
		INSERT INTO track_user (name, counter) VALUES ($1, $3)
		ON CONFLICT (name) DO UPDATE SET counter = track_user.counter + excluded.counter`
	_, err := s.Track.Exec(ctx, sql, name, lane, n, log)
	return err
}
