// Package tallying is the use case of counting: it reads one stream, puts its events in order, and applies each exactly
// once, whatever is repeated, delayed, reordered, or lost on the way.
package tallying

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"ordertrack/shared/backoff"
	"ordertrack/track_users/internal/domain"
	"ordertrack/track_users/internal/domain/window"
)

// ErrRewind ends a tally that has to read again from the committed offset: the window was full, dropped an event, and
// that event's turn has come.
var ErrRewind = errors.New("read again from the committed offset")

// Limits bound what a tally holds and how it waits.
type Limits struct {
	Batch  int // events that are applied in one transaction, at most
	Window window.Limits
	Look   backoff.Policy // between looks at marks that another consumer may move, while events wait for that
	Retry  backoff.Policy
}

// DefaultLimits suit a database nearby. The relay has 2,000 events outstanding at most, so a window of this size is only
// ever full when events are lost or made up; 12 partitions' windows take about 30 MB then. A batch of a backlog raises each
// of its users once: the larger it is, the fewer rows for an event.
func DefaultLimits() Limits {
	return Limits{
		Batch:  8192,
		Window: window.Limits{Events: 16_384, Bytes: 8 << 20},
		Look:   backoff.Policy{Base: 250 * time.Millisecond, Max: 5 * time.Second},
		Retry:  backoff.Policy{Base: 50 * time.Millisecond, Max: 5 * time.Second},
	}
}

// Tally counts the events of one stream.
type Tally struct {
	stream domain.Stream
	ledger Ledger
	meter  Meter
	log    *slog.Logger
	limits Limits
	ear    *ear

	window *window.Window
	size   int // events in the next transaction at most; less than the limit while a refused event is being found
	full   bool

	repeats int // of events that wait, which the meter is told of with the next batch

	look  time.Time // when to look at the marks of lanes that wait, if any does
	looks int       // without a change, since events wait
}

// New makes a tally of a stream. Its neighbours are told of what it applies, and it of what they do, while it runs.
func New(
	stream domain.Stream, ledger Ledger, meter Meter, log *slog.Logger, limits Limits, neighbours *Neighbours,
) *Tally {
	return &Tally{
		stream: stream, ledger: ledger, meter: meter, limits: limits, ear: &ear{neighbours: neighbours},
		log:    log.With("topic", stream.Topic, "partition", stream.Partition),
		window: window.New(stream, limits.Window), size: limits.Batch,
	}
}

// Run counts until the feed ends or ctx does; then the batch in hand is finished, if that is one transaction's work. It
// returns nil then. The other errors are ErrRewind and ErrStreamChanged: the feed must be opened anew.
func (t *Tally) Run(ctx context.Context, feed Feed) error {
	defer t.meter.Waiting(t.stream, 0, 0, 0)
	t.ear.join()
	defer t.ear.leave()
	for {
		err := t.step(ctx, feed)
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), ctx.Err() != nil:
			return nil
		default:
			return fmt.Errorf("count the events of %s/%d: %w", t.stream.Topic, t.stream.Partition, err)
		}
	}
}

// step is one round: read, decode, put in order, apply, mark.
func (t *Tally) step(ctx context.Context, feed Feed) error {
	events, err := t.read(ctx, feed)
	if err != nil {
		return err
	}
	if foreign := t.take(events); foreign {
		if err := t.verify(ctx, feed); err != nil {
			return err
		}
	}
	err = t.applyAll(ctx, feed, t.lookIsDue())
	if point, ok := t.window.CommitPoint(); ok {
		feed.Commit(point) // of what is applied, even when not all of it could be
	}
	if err != nil {
		return err
	}
	t.trim(ctx)
	if t.window.Stalled() {
		return ErrRewind
	}
	return nil
}

// read waits for events. While something is not applied it also returns, with none, when patience is over, or when a
// neighbour has applied what is before that.
func (t *Tally) read(ctx context.Context, feed Feed) ([]*domain.Event, error) {
	patience := t.patience()
	if patience == 0 {
		return feed.Next(ctx, t.limits.Batch, 0)
	}
	listening, stop := t.ear.listen(ctx, t.window.Needs())
	defer stop()
	events, err := feed.Next(listening, t.limits.Batch, patience)
	t.hear(t.ear.take())
	if err != nil && listening.Err() != nil && ctx.Err() == nil {
		return nil, nil
	}
	return events, err
}

// hear makes due what waits for these marks. What was dropped there costs a rewind: the look for that comes soon, and finds
// what else there is by then.
func (t *Tally) hear(marks map[domain.Lane]int64) {
	for lane, mark := range marks {
		if t.window.Hear(lane, mark) {
			continue
		}
		if soon := time.Now().Add(t.limits.Look.Delay(0)); soon.Before(t.look) {
			t.look, t.looks = soon, 0
		}
	}
}

// trim keeps the window within its limits. A full window is told of once, until it is so no more.
func (t *Tally) trim(ctx context.Context) {
	dropped := t.window.Trim()
	waiting, bytes := t.window.Len()
	t.meter.Waiting(t.stream, waiting, bytes, dropped)
	if dropped > 0 && !t.full {
		t.log.WarnContext(ctx, "the window is full: dropping the events furthest ahead", "waiting", waiting, "bytes", bytes)
	}
	t.full = dropped > 0
}

// take puts events into the window, and tells whether any of them is foreign.
func (t *Tally) take(events []*domain.Event) (foreign bool) {
	for _, e := range events {
		foreign = foreign || e.IsForeign()
	}
	t.repeats += t.window.Add(events...)
	return foreign
}

// patience is how long to wait for records: while something is not applied, another consumer may apply what is before it,
// and only a look at the marks tells. Looks have a time of their own, so that a busy stream does not put them off.
func (t *Tally) patience() time.Duration {
	if !t.window.Behind() {
		t.look, t.looks = time.Time{}, 0
		return 0
	}
	if t.look.IsZero() {
		t.look = time.Now().Add(t.limits.Look.Delay(t.looks))
	}
	return max(time.Until(t.look), 1)
}

// lookIsDue tells whether it is time to look; the next look is later then.
func (t *Tally) lookIsDue() bool {
	if t.look.IsZero() || time.Now().Before(t.look) {
		return false
	}
	t.look = time.Time{}
	t.looks++
	return true
}

// verify asks until there is an answer.
func (t *Tally) verify(ctx context.Context, feed Feed) error {
	return t.persist(ctx, "verify the topic", func() error { return feed.Verify(ctx) })
}

// persist tries what may succeed later, for as long as ctx lasts.
func (t *Tally) persist(ctx context.Context, what string, do func() error) error {
	for attempt := 0; ; attempt++ {
		err := do()
		if err == nil && attempt > 0 {
			t.log.InfoContext(ctx, "succeeded again", "action", what, "failures", attempt)
		}
		if !errors.Is(err, ErrUnavailable) {
			return err
		}
		t.meter.Failed(err)
		if attempt == 0 {
			t.log.WarnContext(ctx, "trying again until it succeeds", "action", what, "error", err)
		}
		if err := backoff.Sleep(ctx, t.limits.Retry.Delay(attempt)); err != nil {
			return err
		}
	}
}
