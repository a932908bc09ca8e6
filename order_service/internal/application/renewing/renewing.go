// Package renewing is the use case of beginning a new log in an orders database that was put back to an earlier state.
// Under the old id it would give new orders the places of those that it has forgotten, and the receiver would take them
// for repeats. What the database itself can tell is its adapter's affair; here the receiver is asked, as in a handshake.
package renewing

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"ordertrack/order_service/internal/domain"
)

// AskLimit bounds how long a start waits for the receiver's answer. Orders are taken without it, too.
const AskLimit = 3 * time.Second

// Renewer holds each answer of the receiver against the log.
type Renewer struct {
	receiver Receiver
	log      Log
	logger   *slog.Logger
}

// New makes a renewer.
func New(receiver Receiver, log Log, logger *slog.Logger) *Renewer {
	return &Renewer{receiver: receiver, log: log, logger: logger}
}

// Greet asks the receiver before the first order is taken, for AskLimit at most. Without an answer the start goes on: the
// receiver may be down, and its next answer will be looked at as well.
func (r *Renewer) Greet(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, AskLimit)
	defer cancel()
	if _, err := r.Progress(limited); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.logger.WarnContext(ctx, "track_users was not asked whether it knows this order log",
			"after_a_restore", "run order_service new-log before the start", "error", err)
	}
	return nil
}

// Progress is the receiver's answer, after it was held against the log.
func (r *Renewer) Progress(ctx context.Context) (domain.Progress, error) {
	progress, err := r.receiver.Progress(ctx)
	if err != nil {
		return domain.Progress{}, err //nolint:wrapcheck // it is the receiver's own answer
	}
	if err := r.log.RenewIfBehind(ctx, progress.Applied); err != nil {
		return domain.Progress{}, fmt.Errorf("hold the receiver's marks against the log: %w", err)
	}
	return progress, nil
}
