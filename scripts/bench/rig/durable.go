package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// checkDurable holds the server that runs, not what it was told, against what a durable commit needs.
func (r *Rig) checkDurable(ctx context.Context) error {
	if err := onDisk(r.opts.Dir); err != nil {
		return err
	}
	return r.Query(ctx, r.Postgres.URL("postgres"), func(conn *pgx.Conn) error {
		for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			var value string
			if err := conn.QueryRow(ctx, `SELECT current_setting($1)`, setting).Scan(&value); err != nil {
				return fmt.Errorf("setting %s: %w", setting, err)
			}
			if value != "on" {
				return fmt.Errorf("PostgreSQL has %s = %s: figures of a database that is not durable say nothing", setting, value)
			}
		}
		return nil
	})
}

// Query opens a connection, uses it, and closes it.
func (*Rig) Query(ctx context.Context, url string, do func(*pgx.Conn) error) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	return do(conn)
}

// Checkpoint has PostgreSQL write out what it holds, so that no measurement pays for the one before.
func (r *Rig) Checkpoint(ctx context.Context) error {
	return r.Query(ctx, r.Postgres.URL("postgres"), func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `CHECKPOINT`)
		return err
	})
}

// syncs is how often a write is synced to learn how long that takes.
const syncs = 200

// SyncTime measures how long the rig's disk takes to make a write of 8 KiB durable: the median.
func (r *Rig) SyncTime() (took time.Duration, err error) {
	file, err := os.Create(filepath.Join(r.opts.Dir, "fsync"))
	if err != nil {
		return 0, fmt.Errorf("measure fsync: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	page, times := make([]byte, 8<<10), make([]time.Duration, syncs)
	for i := range times {
		begin := time.Now()
		if _, err := file.WriteAt(page, int64(i%16)*int64(len(page))); err != nil {
			return 0, fmt.Errorf("measure fsync: %w", err)
		}
		if err := file.Sync(); err != nil {
			return 0, fmt.Errorf("measure fsync: %w", err)
		}
		times[i] = time.Since(begin)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
