package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/order_service/internal/application/renewing"
)

var errReadOnly = errors.New("the server is a standby, and takes no orders")

// home names where the log lives: what a copy of the database has another value of. A copy of all the cluster's files
// that was made while it was stopped has the same: only the receiver's marks, or what this process has seen, tell it.
//
// The timeline is that of the WAL being written. The control file has it only after the next checkpoint.
const home = `format('%s/%s/%s/%s', (SELECT system_identifier FROM pg_control_system()),
	left(pg_walfile_name(pg_current_wal_lsn()), 8),
	(SELECT oid FROM pg_database WHERE datname = current_database()), 'order_log'::regclass::oid)`

// Succession watches over which log is written: it begins a new one when the database was put back.
type Succession struct {
	logger *slog.Logger
	meter  renewing.Meter
	seen   atomic.Int64 // the highest order id that was committed here
	strict atomic.Bool  // whether the schema must be there
	warn   sync.Once
}

// NewSuccession makes one for a pool; Watch sets it to work.
func NewSuccession(logger *slog.Logger, meter renewing.Meter) *Succession {
	return &Succession{logger: logger, meter: meter}
}

// Watch has each new connection checked before it is used: a database cannot be put back under one that stays.
func (s *Succession) Watch(config *pgxpool.Config) { config.AfterConnect = s.Check }

// saw notes an order's id that was committed.
func (s *Succession) saw(id int64) {
	for {
		seen := s.seen.Load()
		if id <= seen || s.seen.CompareAndSwap(seen, id) {
			return
		}
	}
}

// Begin checks a database that has the schema. From now on one without it is refused: it is being restored.
func (s *Succession) Begin(ctx context.Context, conn *pgx.Conn) error {
	s.strict.Store(true)
	return s.Check(ctx, conn)
}

// Check begins a new log if the database is not where the log began, or has forgotten orders that this process placed. A
// database without the schema passes before Begin.
func (s *Succession) Check(ctx context.Context, conn *pgx.Conn) error {
	_, err := s.renew(ctx, conn, s.look)
	return err
}

// lookFunc says where the database is, and why the log cannot go on: an empty reason if it can.
type lookFunc func(ctx context.Context, db querier) (here, reason string, err error)

// renew begins a new log if there is a reason. Another one may have begun it while this one waited for the lock, so it
// looks twice.
func (s *Succession) renew(ctx context.Context, db beginner, look lookFunc) (logID string, err error) {
	here, reason, err := look(ctx, db)
	if err != nil || reason == "" {
		return "", err
	}
	var next succession
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM order_log WHERE single FOR UPDATE`); err != nil {
			return fmt.Errorf("lock the log: %w", err)
		}
		here, reason, err = look(ctx, tx)
		if err == nil && reason != "" {
			next, err = begin(ctx, tx, reason, here)
		}
		return err
	})
	if err != nil || next.log == "" {
		return "", err
	}
	s.seen.Store(next.lastID)
	s.meter.Renewed()
	s.logger.WarnContext(ctx, "a new order log begins", "log", next.log, "former", next.former,
		"last_order_id", next.lastID, "reason", reason)
	return next.log, nil
}

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

type beginner interface {
	querier
	Begin(ctx context.Context) (pgx.Tx, error)
}

// look goes by what the database says of itself, and by what this process has placed.
func (s *Succession) look(ctx context.Context, db querier) (here, reason string, err error) {
	const sql = `SELECT pg_is_in_recovery(), CASE WHEN NOT pg_is_in_recovery() THEN ` + home + ` ELSE '' END, home, last_id
		FROM order_log WHERE single`
	var (
		standby bool
		was     string
		lastID  int64
	)
	seen := s.seen.Load() // before the log is read, which goes on meanwhile
	err = db.QueryRow(ctx, sql).Scan(&standby, &here, &was, &lastID)
	switch {
	case err != nil:
		return "", "", s.excuse(err)
	case standby:
		return "", "", errReadOnly
	case lastID < seen:
		return here, fmt.Sprintf("order %d was placed, but the last one is %d", seen, lastID), nil
	case was == "":
		return here, "", s.settle(ctx, db, here)
	case was != here:
		return here, fmt.Sprintf("the database is at %s, but the log began at %s", here, was), nil
	}
	return here, "", nil
}

// settle notes where the log lives, once.
func (s *Succession) settle(ctx context.Context, db querier, here string) error {
	const sql = `UPDATE order_log SET home = $1 WHERE single AND home = '' RETURNING home`
	err := db.QueryRow(ctx, sql, here).Scan(nil)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("note where the log lives: %w", err)
	}
	return nil
}

// SQLSTATEs of a database without the schema (no such table, no such column), and of a server that keeps to itself where
// it is (no privilege, no such function, not supported).
var (
	noSchema = []string{"42P01", "42703"}
	untold   = []string{"42501", "42883", "0A000"}
)

// excuse lets a database pass that has no schema yet, or that does not say where it is, as some hosted ones do not.
func (s *Succession) excuse(err error) error {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && slices.Contains(noSchema, answer.Code) && !s.strict.Load():
		return nil
	case ok && slices.Contains(untold, answer.Code):
		s.warn.Do(func() {
			s.logger.Warn("PostgreSQL does not tell which cluster it is",
				"after_a_restore", "run order_service new-log before the start", "error", err)
		})
		return nil
	}
	return fmt.Errorf("look which log this is: %w", err)
}

// succession is one log after another.
type succession struct {
	log, former string
	lastID      int64
}

// begin ends the log and begins the next one, under the log's lock. An empty place leaves the old one.
func begin(ctx context.Context, tx pgx.Tx, reason, place string) (next succession, err error) {
	const sql = `
		WITH ended AS (
			INSERT INTO former_log (id, last_id, created_at, reason)
			SELECT id, last_id, created_at, $1 FROM order_log WHERE single
			RETURNING id, last_id
		), kept AS (
			INSERT INTO former_lane (log_id, lane, base, head)
			SELECT ended.id, lane, base, head FROM ended CROSS JOIN order_lane WHERE base < head
		), moved AS (
			UPDATE order_lane SET base = head WHERE base < head
		)
		UPDATE order_log
		SET id = gen_random_uuid(), created_at = clock_timestamp(), home = coalesce(nullif($2, ''), home)
		FROM ended WHERE single
		RETURNING order_log.id::text, ended.id::text, ended.last_id`
	if err := tx.QueryRow(ctx, sql, reason, place).Scan(&next.log, &next.former, &next.lastID); err != nil {
		return succession{}, fmt.Errorf("begin a new log: %w", err)
	}
	return next, nil
}
