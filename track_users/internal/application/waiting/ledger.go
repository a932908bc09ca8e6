package waiting

import (
	"context"

	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// ledger tells the watcher of the marks that it moves.
type ledger struct {
	tallying.Ledger

	watcher *Watcher
}

// Tell makes a ledger that tells the watcher of each mark once it is durable.
func Tell(watcher *Watcher, to tallying.Ledger) tallying.Ledger { return ledger{to, watcher} }

// Apply applies, and tells.
func (l ledger) Apply(
	ctx context.Context, scope domain.Scope, decide func(domain.Marks) domain.Effects,
) (domain.Marks, error) {
	after, err := l.Ledger.Apply(ctx, scope, decide)
	if err == nil {
		l.watcher.Advance(after.Lanes)
	}
	return after, err
}
