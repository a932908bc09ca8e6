// Package waiting is the use case of waiting until an order is counted, so that a client reads its own write.
package waiting

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"ordertrack/track_users/internal/domain"
)

// What a wait may end with.
var (
	ErrNotYet      = errors.New("the order is not counted yet")
	ErrUnavailable = errors.New("the marks cannot be read now")
	ErrStopping    = errors.New("the service is stopping")
)

// While somebody waits the marks are looked at this often, since another replica may move them; for somebody who begins
// to wait at once, but no sooner after the last look than Gap.
const (
	Every = 50 * time.Millisecond
	Gap   = 5 * time.Millisecond
)

// Grace is how much longer than its limit a wait may take until the marks were looked at once.
const Grace = time.Second

// Watcher looks at the marks for all who wait: it costs the database the same whether one waits or a thousand.
type Watcher struct {
	marks Marks
	log   *slog.Logger

	some     chan struct{} // has a token when somebody has begun to wait
	stopping chan struct{}
	stop     sync.Once
	failing  atomic.Bool // whether the last look failed

	count   atomic.Int64 // of those who wait, so that counting does not need the lock when nobody does
	mu      sync.Mutex
	waiters map[domain.Lane]map[*waiter]struct{}
	fresh   []*waiter // who has begun to wait since the last look began
}

// waiter is somebody who waits for a place.
type waiter struct {
	sequence int64
	done     chan struct{} // closed once the place is applied
	looked   chan struct{} // closed after the first look that began after the wait
}

// New makes a watcher. It looks while Run runs.
func New(marks Marks, log *slog.Logger) *Watcher {
	return &Watcher{
		marks: marks, log: log, some: make(chan struct{}, 1), stopping: make(chan struct{}),
		waiters: make(map[domain.Lane]map[*waiter]struct{}),
	}
}

// Wait returns nil once the place is applied: its order is counted, or parked as one that cannot be. However short the
// limit is, the marks are looked at once: a limit of 0 asks how it is now. Errors: ErrNotYet when the limit is over;
// ErrUnavailable when it is and the marks could not be read; ErrStopping; the context's cause.
func (w *Watcher) Wait(ctx context.Context, place domain.Place, limit time.Duration) error {
	one := &waiter{sequence: place.Sequence, done: make(chan struct{}), looked: make(chan struct{})}
	w.add(place.Lane, one)
	defer w.remove(place.Lane, one)
	select {
	case w.some <- struct{}{}:
	default: // there is a token already
	}
	if err := w.await(ctx, one.done, limit); !errors.Is(err, ErrNotYet) {
		return err
	}
	err := w.await(ctx, one.looked, Grace)
	select {
	case <-one.done: // by that look, it may be
		return nil
	default:
	}
	switch {
	case errors.Is(err, ErrNotYet), err == nil && w.failing.Load():
		return ErrUnavailable
	case err == nil:
		return ErrNotYet
	default:
		return err
	}
}

// await returns nil once something has happened, and ErrNotYet when the limit is over before.
func (w *Watcher) await(ctx context.Context, happened <-chan struct{}, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-happened:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-w.stopping:
		return ErrStopping
	case <-timer.C:
		return ErrNotYet
	}
}

// Stop ends all waits, and those that begin later.
func (w *Watcher) Stop() { w.stop.Do(func() { close(w.stopping) }) }

// Advance tells of marks that were moved here: who waits for them need not wait for a look.
func (w *Watcher) Advance(applied map[domain.Lane]int64) {
	if w.count.Load() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for lane, mark := range applied {
		for one := range w.waiters[lane] {
			if one.sequence <= mark {
				w.drop(lane, one)
				close(one.done)
			}
		}
	}
}

// Run looks at the marks while somebody waits, until ctx ends.
func (w *Watcher) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.some:
		}
		for lanes, fresh := w.begin(); len(lanes) > 0; lanes, fresh = w.begin() {
			w.look(ctx, lanes)
			for _, one := range fresh {
				close(one.looked)
			}
			if !w.rest(ctx) {
				return nil
			}
		}
	}
}

func (w *Watcher) look(ctx context.Context, lanes []domain.Lane) {
	applied, err := w.marks.Applied(ctx, lanes)
	if err != nil && !w.failing.Load() && ctx.Err() == nil {
		w.log.WarnContext(ctx, "cannot read the marks for those who wait", "error", err)
	}
	w.failing.Store(err != nil)
	w.Advance(applied)
}

// rest waits until the next look is due, and tells whether there is to be one.
func (w *Watcher) rest(ctx context.Context) bool {
	gap := time.NewTimer(Gap)
	defer gap.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-gap.C:
	}
	rest := time.NewTimer(Every - Gap)
	defer rest.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-w.some:
	case <-rest.C:
	}
	return true
}

func (w *Watcher) add(lane domain.Lane, one *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiters[lane] == nil {
		w.waiters[lane] = make(map[*waiter]struct{})
	}
	w.waiters[lane][one] = struct{}{}
	w.fresh = append(w.fresh, one)
	w.count.Add(1)
}

func (w *Watcher) remove(lane domain.Lane, one *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(lane, one)
}

// drop forgets a waiter, if it is not forgotten already.
func (w *Watcher) drop(lane domain.Lane, one *waiter) {
	if _, there := w.waiters[lane][one]; !there {
		return
	}
	delete(w.waiters[lane], one)
	if len(w.waiters[lane]) == 0 {
		delete(w.waiters, lane)
	}
	w.count.Add(-1)
}

// begin begins a look: it gives the lanes that somebody waits for, and who has begun to since the last one.
func (w *Watcher) begin() (lanes []domain.Lane, fresh []*waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lanes = make([]domain.Lane, 0, len(w.waiters))
	for lane := range w.waiters {
		lanes = append(lanes, lane)
	}
	fresh, w.fresh = w.fresh, nil
	return lanes, fresh
}
