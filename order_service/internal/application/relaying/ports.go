package relaying

import (
	"context"
	"time"

	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/order_service/internal/domain"
)

//go:generate go tool mockgen -source=ports.go -destination=mocks/ports.go -package=mocks

// Outbox hands the log to one relay at a time, whatever the number of replicas.
type Outbox interface {
	// Lead waits for its turn, or until ctx ends, runs work, and gives the turn to another when work returns. The turn
	// may be lost meanwhile, with the connection to the database: the log's methods fail from then on, and another relay
	// may work already.
	//
	// Errors: the context's cause, work's own error, or that the database is away: try again later.
	Lead(ctx context.Context, work func(Log, retransmitting.Archive) error) error
}

// Log is the order log with a cursor: the highest id that is known to be published. Any error means that the turn is
// lost. A context that ends may cost the turn, too, except in Wait.
type Log interface {
	// Next reads the placed orders behind the cursor, in the order of their ids: limit at most, none when there are none.
	Next(ctx context.Context, limit int) ([]domain.Placed, error)
	// Advance moves the cursor forward to id. It never moves it back.
	Advance(ctx context.Context, id int64) error
	// Wait returns nil when something may have been appended since Next was asked, at the latest after limit; or the
	// context's cause.
	Wait(ctx context.Context, limit time.Duration) error
}

// Wire carries events away.
type Wire interface {
	// Connect waits until events can be published, or ctx ends. Its errors may pass by themselves.
	Connect(ctx context.Context) error
	// Publish sends the events in order and waits for the outcome of each. It returns how many were acknowledged before
	// the first that was not, and an error when that is not all. Those behind it may have been published or not: all of
	// them are to be published again. When ctx ends it stops waiting.
	Publish(ctx context.Context, events []domain.Placed) (acknowledged int, err error)
}

// Repairer looks after what the wire has lost.
type Repairer interface {
	// Repair publishes again what is known to be lost. The relay that leads calls it between any two batches, so it must
	// be quick when there is nothing to do. Any error means that the relay has to start over.
	Repair(ctx context.Context, archive retransmitting.Archive) error
}

// Meter counts what the relay does.
type Meter interface {
	// Leading tells whether this relay has its turn.
	Leading(leads bool)
	// Published tells of events that were acknowledged, in the order of their ids.
	Published(events []domain.Placed)
	// Failed tells that the relay has to start over.
	Failed(err error)
}
