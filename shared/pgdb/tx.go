package pgdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const rollbackTimeout = 5 * time.Second

// WithTx runs fn in a transaction and commits it; when fn fails, everything is rolled back and fn's error returned.
// When the commit's answer is lost the error does not tell whether it took place: fn must be safe to run again.
func WithTx(ctx context.Context, pool *pgxpool.Pool, fn func(pgx.Tx) error) error {
	tx, err := pool.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		// A rollback on an ended context would make pgx close the connection.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_ = tx.Rollback(ctx) // after a commit there is nothing left to roll back
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// WithConn runs fn on a connection. fn begins a transaction and commits it in batches of its own, which saves the round
// trips; when it fails, a transaction that it left open is rolled back.
func WithConn(ctx context.Context, pool *pgxpool.Pool, fn func(*pgx.Conn) error) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("acquire a connection: %w", err)
	}
	defer conn.Release()
	err = fn(conn.Conn())
	if status := conn.Conn().PgConn().TxStatus(); err != nil && status != idle {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_, _ = conn.Exec(ctx, "ROLLBACK") // a connection that it fails on is closed by Release
	}
	return err
}

// idle is a session's status outside of a transaction.
const idle = 'I'

// IsPermanent tells whether the statement or its data is at fault, so that trying again cannot help: SQLSTATE classes
// 0A, 21, 22, 23, 42 and 44 (https://www.postgresql.org/docs/current/errcodes-appendix.html).
func IsPermanent(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || len(pg.Code) < 2 {
		return false
	}
	switch pg.Code[:2] {
	case "0A", "21", "22", "23", "42", "44":
		return true
	}
	return false
}
