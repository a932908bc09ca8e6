package retransmitting

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

// Archive are the order logs, the one that is written and those before it, as far as they are published. Any error means
// that the turn to relay is lost.
type Archive interface {
	// Lacking returns the places that are next to be applied, and are published: one a lane of a log at most.
	Lacking(ctx context.Context, applied domain.Applied) ([]domain.Place, error)
	// From reads the published events of a lane of a log from a place on, in order: limit at most.
	From(ctx context.Context, place domain.Place, limit int) ([]domain.Placed, error)
}

// Wire carries events away.
type Wire interface {
	// Ends says where each partition ends now: what is acknowledged lies below.
	Ends(ctx context.Context) (domain.Offsets, error)
	// Publish sends events and waits for their outcomes, as relaying.Wire does.
	Publish(ctx context.Context, events []domain.Placed) (acknowledged int, err error)
}

// Meter counts.
type Meter interface {
	// Retransmitted tells of events that were published again.
	Retransmitted(events int)
}
