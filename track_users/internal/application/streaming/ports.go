package streaming

import (
	"context"

	"ordertrack/track_users/internal/domain"
)

//go:generate go tool mockgen -source=ports.go -destination=mocks/ports.go -package=mocks

// Position says which changes were read: clients keep it as they got it, and give it back to go on from there. It holds
// no line breaks.
type Position string

// Changed are the users that changed behind a position.
type Changed struct {
	Users  []domain.User // each once, as it is now
	Missed bool          // there are more than the limit, or not all of them are known: then Users is empty
	At     Position      // behind these changes
}

// Changes are the changes of counters that all replicas have made lately.
type Changes interface {
	// Now is the position behind all changes so far. Errors: ErrUnavailable, wrapped.
	Now(ctx context.Context) (Position, error)
	// Since reads what changed behind a position: at most limit users, else none and Missed. So it is with a position that
	// is too old, of before a crash of the database, or none at all. Errors: ErrUnavailable, wrapped.
	Since(ctx context.Context, position Position, limit int) (Changed, error)
	// Forget drops the changes that no position of the given one's time or later needs. Errors: ErrUnavailable, wrapped.
	Forget(ctx context.Context, before Position) error
}

// Meter shows how many follow. Its methods must not block.
type Meter interface {
	Following(clients int)
	Dropped() // a client that did not keep up
}
