package reading

import (
	"context"
	"errors"
	"time"

	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/name"
)

//go:generate go tool mockgen -source=ports.go -destination=mocks/ports.go -package=mocks

// What Orders may answer.
var (
	// ErrNotFound says that there is no such order.
	ErrNotFound = errors.New("there is no such order")
	// ErrUnavailable says that the log cannot be read now.
	ErrUnavailable = errors.New("the log cannot be read")
)

// Filter says which orders are meant; what is zero does not matter. Times are of whole microseconds, as the log's are.
type Filter struct {
	Name   name.Name
	After  time.Time // of this time or later
	Before time.Time // before this time
}

// Position is a place in a list: an order's time and id.
type Position struct {
	CreatedAt time.Time
	ID        int64
}

// Query asks for the orders that come behind a position; behind none for the newest ones.
type Query struct {
	Filter

	Behind *Position
	Limit  int
}

// Orders is the order log, for readers.
type Orders interface {
	// ByID looks an order up, and whether its event is published. Errors: ErrNotFound, ErrUnavailable, wrapped.
	ByID(ctx context.Context, id int64) (order domain.Order, published bool, err error)
	// Newest lists orders by their time, newest first; of one time, the highest id first. Their places are not read.
	// Errors: ErrUnavailable, wrapped.
	Newest(ctx context.Context, query Query) ([]domain.Order, error)
	// CursorKey is a secret that all who read this log share, and that does not change. Errors: ErrUnavailable, wrapped.
	CursorKey(ctx context.Context) ([]byte, error)
}

// Heads tells how far the order log is.
type Heads interface {
	// Heads are those of all logs, at one moment; each log's in the order of lanes. Errors: ErrUnavailable, wrapped.
	Heads(ctx context.Context) (domain.Heads, error)
}

// Receiver is who counts the events.
type Receiver interface {
	// Progress asks how far the receiver is. Any error means that it cannot be known now.
	Progress(ctx context.Context) (domain.Progress, error)
}
