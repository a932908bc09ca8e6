package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/faults/evidence"
)

// diskBytes is the size of a small disk: a cluster, its write-ahead log up to max_wal_size, and the orders of a cell.
const diskBytes = 256 << 20

// noSpace is what PostgreSQL says in its log, which does not lie on the small disk.
const noSpace = "No space left on device"

// NoDiskError says that a small disk cannot be had here.
type NoDiskError struct{ Err error }

func (e *NoDiskError) Error() string {
	return "a small disk needs the right to mount a tmpfs: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *NoDiskError) Unwrap() error { return e.Err }

// disk is a small disk of its own for the PostgreSQL of one side.
type disk struct {
	side   Side
	folder string // where it is mounted
	kept   string // what was on it, when it is gone
}

// mountDisk makes a disk whose root everyone may pass through.
func mountDisk(opts Options, side Side) (*disk, error) {
	d := &disk{side: side, folder: filepath.Join(opts.Dir, side.String()+"-disk"), kept: filepath.Join(opts.Dir, side.String()+"-postgres")}
	if err := os.Mkdir(d.folder, 0o755); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	if err := mountTmpfs(d.folder, diskBytes); err != nil {
		return nil, &NoDiskError{Err: err}
	}
	return d, nil
}

// remove keeps a copy of the files for those who look for what went wrong.
func (d *disk) remove() error {
	err := os.CopyFS(d.kept, os.DirFS(d.folder))
	if err := errors.Join(err, unmount(d.folder)); err != nil {
		return fmt.Errorf("remove the small disk: %w", err)
	}
	return nil
}

func (d *disk) filler() string { return filepath.Join(d.folder, "filler") }

// fill writes until nothing more fits.
func (d *disk) fill() (err error) {
	file, err := os.OpenFile(d.filler(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("fill the small disk: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for size := 1 << 20; size > 0; {
		_, err := file.Write(make([]byte, size))
		switch {
		case errors.Is(err, syscall.ENOSPC), errors.Is(err, io.ErrShortWrite):
			size /= 2
		case err != nil:
			return fmt.Errorf("fill the small disk: %w", err)
		}
	}
	return nil
}

// FillDisk fills the small disk, and keeps it full until the side's PostgreSQL has said that there is no space left, and
// for as long beyond as is asked for. It needs Needs.SmallDisk.
func (s *Stack) FillDisk(ctx context.Context, beyond time.Duration) error {
	var full time.Time
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for full.IsZero() || time.Since(full) < beyond {
		if err := s.disk.fill(); err != nil {
			return err
		}
		said, err := s.Postgres[s.disk.side].Said(noSpace)
		if err != nil {
			return err
		}
		if full.IsZero() && said > 0 {
			full = time.Now()
			s.Seen.Saw(evidence.DiskFull(s.disk.side.Postgres()), 1)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL has said nothing of a full disk: %w", context.Cause(ctx))
		}
	}
	return nil
}

// FreeDisk makes space again, and starts PostgreSQL if it had ended: it does when it cannot write its log ahead.
func (s *Stack) FreeDisk(ctx context.Context) error {
	if err := os.Remove(s.disk.filler()); err != nil {
		return fmt.Errorf("free the small disk: %w", err)
	}
	server := s.Postgres[s.disk.side]
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		select {
		case <-server.Done():
			return server.Restart(ctx)
		case <-tick.C: // it may be about to end
			if conn, err := pgx.Connect(ctx, s.URL(s.disk.side)); err == nil {
				return conn.Close(ctx)
			}
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL is not back: %w", context.Cause(ctx))
		}
	}
}
