package renewing

import (
	"context"

	"ordertrack/order_service/internal/domain"
)

//go:generate go tool mockgen -source=ports.go -destination=mocks/ports.go -package=mocks

// Receiver is who counts the events.
type Receiver interface {
	// Progress asks how far the receiver is. Any error means that it cannot be known now.
	Progress(ctx context.Context) (domain.Progress, error)
}

// Log is the order log that is written now.
type Log interface {
	// RenewIfBehind begins a new log when the receiver has applied more of this one than was ever placed in it. Any error
	// means that it is not known yet.
	RenewIfBehind(ctx context.Context, applied domain.Applied) error
}

// Meter counts.
type Meter interface {
	// Renewed tells that a new log has begun.
	Renewed()
}
