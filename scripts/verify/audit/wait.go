package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ordertrack/shared/backoff"
)

var waitPolicy = backoff.Policy{Base: 20 * time.Millisecond, Max: time.Second}

// AwaitRest waits until everything that was ordered is counted or parked. A database that cannot be reached is waited
// for, too. When ctx ends first, the error says what was still open.
func AwaitRest(ctx context.Context, databases Databases) error {
	open := errors.New("not asked yet")
	for attempt := 0; ; attempt++ {
		lag, err := Lag(ctx, databases)
		switch {
		case err == nil && lag == 0:
			return nil
		case err == nil:
			open = fmt.Errorf("%d events are on their way", lag)
		case !isOver(ctx):
			open = err
		}
		if err := backoff.Sleep(ctx, waitPolicy.Delay(attempt)); err != nil {
			return fmt.Errorf("wait for rest: %w: %w", err, open)
		}
	}
}

// isOver tells whether the context has ended, or will in a moment: a dialer gives up at the deadline by its own clock.
func isOver(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return ctx.Err() != nil || limited && !time.Now().Before(deadline)
}

// Lag is how many events are ordered but neither counted nor parked yet. It reads marks only, so it costs the same
// however many orders there are.
func Lag(ctx context.Context, databases Databases) (lag int64, err error) {
	track, err := openSnapshot(ctx, "track_users", databases.Track)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, track.close(ctx)) }()
	marks, err := readMarks(ctx, track)
	if err != nil {
		return 0, err
	}
	orders, err := openSnapshot(ctx, "orders", databases.Orders)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, orders.close(ctx)) }()
	log, err := readHeads(ctx, orders)
	if err != nil {
		return 0, err
	}
	return log.lag(receivedOf(log, marks)), nil
}
