// Package simulation gives the receiver's logic, as it is, to the simulation test of the protocol, which models all that
// the receiver reaches. Nothing else may import it.
package simulation

import (
	"context"
	"log/slog"
	"math"

	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
	"ordertrack/track_users/internal/domain/window"
)

type (
	// Lane is a lane of a log.
	Lane = domain.Lane
	// Stream is a partition of one topic.
	Stream = domain.Stream
	// TopicID tells a topic from another of its name.
	TopicID = domain.TopicID
	// Scope is what a transaction touches.
	Scope = domain.Scope
	// Marks say how far lanes are applied.
	Marks = domain.Marks
	// Effects are what a transaction does.
	Effects = domain.Effects
	// Event is one that was read.
	Event = domain.Event
	// Record is what one was made of.
	Record = domain.Record
	// Decoder makes events of records.
	Decoder = tallying.Decoder
)

// NoOffset is the foreign mark of a stream that has none.
const NoOffset = domain.NoOffset

type (
	// Ledger applies events.
	Ledger = tallying.Ledger
	// Feed delivers a stream.
	Feed = tallying.Feed
	// Meter is told what is done.
	Meter = tallying.Meter
	// Applied is what became of a batch.
	Applied = tallying.Applied
	// Neighbours are the streams of one process.
	Neighbours = tallying.Neighbours
)

// What the ports may answer.
var (
	ErrUnavailable   = tallying.ErrUnavailable
	ErrStreamChanged = tallying.ErrStreamChanged
	ErrGone          = tallying.ErrGone
)

// NewNeighbours has none.
func NewNeighbours() *Neighbours { return tallying.NewNeighbours() }

// Limits bound what a receiver holds, in events.
type Limits struct {
	Batch  int // applied in one transaction
	Window int // waiting for an earlier one
}

// Count counts a stream until the feed ends, or ctx does. It never pauses: when something goes on is up to the ports.
func Count(
	ctx context.Context, stream Stream, ledger Ledger, feed Feed, meter Meter, limits Limits, neighbours *Neighbours,
) error {
	return tallying.New(stream, ledger, meter, slog.New(slog.DiscardHandler), tallying.Limits{
		Batch:  limits.Batch,
		Window: window.Limits{Events: limits.Window, Bytes: math.MaxInt},
	}, neighbours).Run(ctx, feed)
}
