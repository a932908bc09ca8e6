package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	connectTimeout = 5 * time.Second
	closeTimeout   = 5 * time.Second
)

// snapshot is one database as it was at one moment.
type snapshot struct {
	database string // what messages call it
	conn     *pgx.Conn
	tx       pgx.Tx
}

func openSnapshot(ctx context.Context, database, url string) (*snapshot, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil { // its text may hold what was meant to be a password
		return nil, fmt.Errorf("database %s: the address is not one such as postgres://user@localhost:5432/%s", database, database)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", database, err)
	}
	s := &snapshot{database: database, conn: conn}
	// Rolled back at the end: it only reads.
	s.tx, err = conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: begin: %w", database, err), s.close(ctx))
	}
	return s, nil
}

func (s *snapshot) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := s.conn.Close(ctx); err != nil && !s.conn.IsClosed() {
		return fmt.Errorf("database %s: close: %w", s.database, err)
	}
	return nil
}

// explain makes an error of a query one that a person can act on.
func (s *snapshot) explain(what string, err error) error {
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch answer.Code {
		case "42P01", "42703": // no such table, no such column
			return fmt.Errorf("database %s: %s: %s: its schema is not there yet, or of another version than this program",
				s.database, what, answer.Message)
		}
	}
	return fmt.Errorf("database %s: %s: %w", s.database, what, err)
}
