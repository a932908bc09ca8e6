package matrix

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/shared/backoff"
)

// fullFor is how long a disk stays full after PostgreSQL has said so.
const fullFor = 3 * time.Second

// disks fill the disk of the PostgreSQL of one side.
func disks(side stack.Side) []Cell {
	return ofSide(side, stack.Needs{SmallDisk: true, DiskSide: side}, Cell{
		Name: "disk-full", Does: "the disk of %s filled under load until it says that no space is left, and 3 s longer; then freed",
		Shows: shows(evidence.Once(evidence.DiskFull(side.Postgres()))),
		Do:    diskFull(side), Answered: side == stack.TrackSide,
	})
}

// diskFull begins a new piece of the write-ahead log, too: in pieces that there are, PostgreSQL can write for a while.
// When it cannot write the next one it ends all sessions, or itself.
func diskFull(side stack.Side) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.4); err != nil {
			return err
		}
		enough := load.Sustain()
		defer enough()
		stop := switchLogs(ctx, system.URL(side))
		err := system.FillDisk(ctx, fullFor)
		stop()
		if err != nil {
			return err
		}
		return system.FreeDisk(ctx)
	}
}

// switchLogs begins one piece after the other, as far as PostgreSQL answers, until the function that it returns is called.
func switchLogs(ctx context.Context, url string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for backoff.Sleep(ctx, 10*askPeriod) == nil {
			_ = connected(ctx, url, func(conn *pgx.Conn) error { // it may be down, or without space
				_, err := conn.Exec(ctx, `SELECT pg_switch_wal()`)
				return err
			})
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}
