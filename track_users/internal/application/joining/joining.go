// Package joining lets tallies share transactions. What the tallies of several partitions have to apply while a
// transaction is under way goes together into the next one, with what others that can run are about to: at a low rate that
// is one for a moment's events instead of one for each partition, and it costs about the same as one.
package joining

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// maxShares bounds what goes into one transaction, by the number of tallies.
const maxShares = 64

// Joiner is a ledger for tallies that run at the same time. It implements tallying.Ledger.
type Joiner struct {
	ledger Ledger
	limit  int // transactions at once

	mu      sync.Mutex
	running int
	waiting []*ticket
}

// ticket is a share that waits for its transaction.
type ticket struct {
	Share

	lead  chan []*ticket // is given the shares, this one among them, that its goroutine is to apply
	done  chan struct{}
	marks domain.Marks
	err   error
}

// New makes a joiner that has as many transactions under way at once as limit says, 1 at least.
func New(ledger Ledger, limit int) *Joiner { return &Joiner{ledger: ledger, limit: max(limit, 1)} }

// Apply applies the share in a transaction with those that wait with it. A transaction has the context of one of them, so
// contexts that end take the others down with them; each of those is told that trying again may help.
func (j *Joiner) Apply(
	ctx context.Context, scope domain.Scope, decide func(domain.Marks) domain.Effects,
) (domain.Marks, error) {
	t := &ticket{Share: Share{scope, decide}, lead: make(chan []*ticket, 1), done: make(chan struct{})}
	j.enter(t)
	select {
	case tickets := <-t.lead:
		runtime.Gosched() // a fetch wakes the tallies of several partitions: those that can run now come along
		j.settle(ctx, j.gather(tickets))
		j.leave()
	case <-t.done:
	}
	return t.marks, t.err
}

// enter has the ticket lead at once when there is room, and wait for others to take it along otherwise.
func (j *Joiner) enter(t *ticket) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.running < j.limit {
		j.running++
		t.lead <- []*ticket{t}
		return
	}
	j.waiting = append(j.waiting, t)
}

// gather takes those who came meanwhile along, as many as fit.
func (j *Joiner) gather(tickets []*ticket) []*ticket {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append(tickets, j.take(maxShares-len(tickets))...)
}

// leave gives the room to those who wait: the first of them leads.
func (j *Joiner) leave() {
	j.mu.Lock()
	defer j.mu.Unlock()
	next := j.take(maxShares)
	if len(next) == 0 {
		j.running--
		return
	}
	next[0].lead <- next
}

// take takes those who wait, up to a limit. The lock is held.
func (j *Joiner) take(limit int) []*ticket {
	taken := slices.Clone(j.waiting[:min(len(j.waiting), limit)])
	j.waiting = slices.Delete(j.waiting, 0, len(taken))
	return taken
}

// settle applies the shares together. When they are refused, for what is in one of them, each is applied by itself, so
// that the tally whose it is can find the event.
func (j *Joiner) settle(ctx context.Context, tickets []*ticket) {
	err := j.apply(ctx, tickets)
	refused := err != nil && !errors.Is(err, tallying.ErrUnavailable)
	for _, t := range tickets {
		if refused && len(tickets) > 1 {
			err = j.apply(ctx, []*ticket{t})
		}
		t.err = err
		close(t.done)
	}
}

func (j *Joiner) apply(ctx context.Context, tickets []*ticket) error {
	shares := make([]Share, len(tickets))
	for i, t := range tickets {
		shares[i] = t.Share
	}
	marks, err := j.ledger.ApplyAll(ctx, shares)
	if err != nil {
		return err //nolint:wrapcheck // the tally wraps it
	}
	for i, t := range tickets {
		t.marks = marks[i]
	}
	return nil
}
