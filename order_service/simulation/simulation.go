// Package simulation gives the sender's logic, as it is, to the simulation test of the protocol, which models all that
// the sender reaches. Nothing else may import it.
package simulation

import (
	"context"
	"log/slog"
	"time"

	"ordertrack/order_service/internal/application/relaying"
	"ordertrack/order_service/internal/application/renewing"
	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/order_service/internal/domain"
)

type (
	// Placed is the event of an order.
	Placed = domain.Placed
	// Place is where it stands in its log.
	Place = domain.Place
	// LogLane is a lane of a log.
	LogLane = domain.LogLane
	// Applied is what the receiver has applied.
	Applied = domain.Applied
	// Partition is a partition of one topic.
	Partition = domain.Partition
	// Offsets are positions in partitions.
	Offsets = domain.Offsets
	// Progress is how far the receiver is.
	Progress = domain.Progress
)

type (
	// Outbox gives the relay its turn.
	Outbox = relaying.Outbox
	// Log is what it publishes.
	Log = relaying.Log
	// Archive is what can be published again.
	Archive = retransmitting.Archive
	// Receiver tells its progress.
	Receiver = renewing.Receiver
	// Register begins new logs.
	Register = renewing.Log
)

// Wire is the way to Kafka, for the relay and for what is sent again.
type Wire interface {
	relaying.Wire
	retransmitting.Wire
}

// Meter is told what is done.
type Meter interface {
	relaying.Meter
	retransmitting.Meter
}

// World is all that a sender reaches.
type World struct {
	Outbox   Outbox
	Wire     Wire
	Receiver Receiver
	Register Register
	Meter    Meter
}

// Limits bound what a sender has outstanding, in events.
type Limits struct {
	Batch int // at once
	Round int // sent again before the relay goes on
}

// never is a time limit that no simulated history reaches: they take milliseconds.
const never = time.Hour

// Sender is one process of order_service without its API. It never pauses: when something goes on is up to the world.
type Sender struct {
	relay         *relaying.Relay
	renewer       *renewing.Renewer
	retransmitter *retransmitting.Retransmitter
	wanted        bool               // whether the relay would have the receiver asked
	answered      context.CancelFunc // of the question that is asked now
}

// New puts a sender together as the service does.
func New(world World, limits Limits) *Sender {
	log := slog.New(slog.DiscardHandler)
	s := &Sender{renewer: renewing.New(world.Receiver, world.Register, log)}
	s.retransmitter = retransmitting.New(once{s}, world.Wire, world.Meter, log, retransmitting.Limits{
		Ask: never, Batch: limits.Batch, Round: limits.Round, Publish: never, Recheck: 2,
	})
	s.relay = relaying.New(world.Outbox, world.Wire, noting{s}, world.Meter, log, relaying.Limits{
		Batch: limits.Batch, Publish: never, Finish: never,
	})
	return s
}

// Run greets the receiver and relays, until ctx ends.
func (s *Sender) Run(ctx context.Context) error {
	if err := s.renewer.Greet(ctx); err != nil {
		return err
	}
	s.relay.Run(ctx)
	return nil
}

// Ask asks the receiver one question, if the relay wants that.
func (s *Sender) Ask(ctx context.Context) error {
	if !s.wanted {
		return nil
	}
	s.wanted = false
	ctx, s.answered = context.WithCancel(ctx)
	defer s.answered()
	return s.retransmitter.Run(ctx)
}

// once ends the retransmitter's run with the answer.
type once struct{ *Sender }

func (o once) Progress(ctx context.Context) (Progress, error) {
	defer o.answered()
	return o.renewer.Progress(ctx)
}

// noting notes that the retransmitter wants to know something.
type noting struct{ *Sender }

func (n noting) Repair(ctx context.Context, archive Archive) error {
	n.wanted = true
	return n.retransmitter.Repair(ctx, archive)
}
