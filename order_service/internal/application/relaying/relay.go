// Package relaying is the use case of telling the world about placed orders: one relay at a time publishes the log, in
// order, and moves a cursor behind what was acknowledged. A crash in between repeats events under the same place in the
// log, and so does a relay that has lost its turn and does not know yet; the receiver drops repeats.
package relaying

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/backoff"
)

var errFinishLimit = errors.New("no time left to finish the batch in flight")

// Limits bound what a relay holds and how long it waits.
type Limits struct {
	Batch   int           // events that are outstanding at once, at most
	Poll    time.Duration // how long nothing is looked for when nothing is heard
	Publish time.Duration // how long one batch may take
	Finish  time.Duration // how long the batch in flight may take after a stop
	Retry   backoff.Policy

	// A request to the broker costs about the same for many events as for a few. So from the beginning of a batch to that
	// of the next there is a pace, which grows by PaceEvent for each event of the batch, up to PaceMax: at a low rate it is
	// hardly noticed, and at a high one the batches are large. A batch that took longer than half of it is followed by a rest
	// as long as it took, since all that it waited for is busy. An event that comes after a rest is not held back.
	Pace, PaceEvent, PaceMax time.Duration
}

// DefaultLimits suit a broker nearby.
func DefaultLimits() Limits {
	return Limits{
		Batch:   2000,
		Poll:    time.Second,
		Publish: 30 * time.Second,
		Finish:  5 * time.Second,
		Retry:   backoff.Policy{Base: 50 * time.Millisecond, Max: 5 * time.Second},

		Pace:      4 * time.Millisecond,
		PaceEvent: 50 * time.Microsecond,
		PaceMax:   50 * time.Millisecond,
	}
}

// Relay publishes the log.
type Relay struct {
	outbox   Outbox
	wire     Wire
	repairer Repairer
	meter    Meter
	limits   Limits
	health   health
}

// New makes a relay; Run runs it.
func New(outbox Outbox, wire Wire, repairer Repairer, meter Meter, log *slog.Logger, limits Limits) *Relay {
	return &Relay{outbox: outbox, wire: wire, repairer: repairer, meter: meter, limits: limits, health: health{log: log}}
}

// Run relays until ctx ends; it finishes the batch in flight then. After any failure it gives up its turn, pauses, and
// starts over behind the cursor, at the first event that was not acknowledged. It must run once at a time.
func (r *Relay) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := r.turn(ctx)
		if ctx.Err() != nil {
			r.health.ended(ctx, err)
			return
		}
		if err != nil {
			r.meter.Failed(err)
			r.health.failed(err)
		}
		if backoff.Sleep(ctx, r.limits.Retry.Delay(r.health.failures)) != nil {
			return
		}
	}
}

// turn connects before it leads: a relay that cannot reach the broker leaves the turn to one that can.
func (r *Relay) turn(ctx context.Context) error {
	if err := r.wire.Connect(ctx); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return r.outbox.Lead(ctx, func(log Log, archive retransmitting.Archive) error {
		r.meter.Leading(true)
		defer r.meter.Leading(false)
		r.health.leads()
		return r.lead(ctx, log, archive)
	})
}

func (r *Relay) lead(ctx context.Context, log Log, archive retransmitting.Archive) error {
	finish, cancel := outlive(ctx, r.limits.Finish)
	defer cancel()
	for ctx.Err() == nil {
		if err := r.repairer.Repair(finish, archive); err != nil {
			return fmt.Errorf("repair: %w", err)
		}
		begin := time.Now()
		events, err := log.Next(ctx, r.limits.Batch)
		switch {
		case err != nil:
			return fmt.Errorf("read the log: %w", err)
		case len(events) > 0:
			if err = r.publish(finish, log, events); err == nil {
				r.gather(ctx, begin, len(events))
			}
		default:
			r.health.well()
			err = log.Wait(ctx, r.limits.Poll)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// gather keeps the pace behind a batch that took all there was.
func (r *Relay) gather(ctx context.Context, begin time.Time, published int) {
	if published < r.limits.Batch {
		took := time.Since(begin)
		pace := min(max(r.limits.Pace+time.Duration(published)*r.limits.PaceEvent, 2*took), r.limits.PaceMax)
		_ = backoff.Sleep(ctx, pace-took) // its only error is that ctx has ended, which ends the turn
	}
}

// publish moves the cursor over what was acknowledged, even when that is not all.
func (r *Relay) publish(ctx context.Context, log Log, events []domain.Placed) error {
	limited, cancel := context.WithTimeout(ctx, r.limits.Publish)
	acknowledged, failure := r.wire.Publish(limited, events)
	cancel()
	if failure != nil {
		failure = fmt.Errorf("publish: %w", failure)
	}
	if acknowledged > 0 {
		r.meter.Published(events[:acknowledged])
		if err := log.Advance(ctx, events[acknowledged-1].OrderID); err != nil {
			return errors.Join(failure, fmt.Errorf("move the cursor: %w", err))
		}
	}
	if failure == nil {
		r.health.well()
	}
	return failure
}

// outlive gives a context that ends a while after its parent does.
func outlive(parent context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		if backoff.Sleep(ctx, limit) == nil {
			cancel(errFinishLimit)
		}
	})
	return ctx, func() {
		stop()
		cancel(context.Canceled)
	}
}
