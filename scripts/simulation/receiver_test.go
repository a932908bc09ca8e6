package simulation

import (
	"context"
	"fmt"
	"io"
	"time"

	"pgregory.net/rapid"

	"ordertrack/shared/event"
	receiver "ordertrack/track_users/simulation"
)

// claim is one partition as one process of track_users reads it, and the process's way to its database.
type claim struct {
	*world
	*process

	stream   receiver.Stream
	topic    *topic // as it was when the claim began
	decoder  receiver.Decoder
	numbers  map[int64]int // of the records of others that were given out, by offset
	at       int64         // one past the last record given out
	position int64         // one past what is read and done with, or waits
	marked   int64         // to be committed
	replaced bool          // the group has given the partition to another, which this one does not know
}

// claim begins to read a partition from the committed offset on, or from the oldest record when there is none that fits.
func (w *world) claim(number int) *claim {
	c := &claim{world: w, topic: w.topic, marked: receiver.NoOffset, numbers: map[int64]int{}, stream: receiver.Stream{
		Topic: "user_events", TopicID: w.topic.id, Partition: int32(number),
	}}
	p := w.topic.partitions[number]
	c.at = p.oldest
	if offset, ok := w.group[number]; ok && offset.topic == w.topic.id {
		if _, there := p.read(offset.offset); there {
			c.at = offset.offset
		}
	}
	c.position = c.at
	c.process = begin(func(ctx context.Context, _ *process) error {
		defer c.flush(true)
		return receiver.Count(ctx, c.stream, c, c, c, w.receiving, w.process)
	})
	return c
}

// partition is what the claim reads: nothing any more once the topic has fewer partitions.
func (c *claim) partition() *partition {
	if topic := c.world.topic; int(c.stream.Partition) < len(topic.partitions) {
		return topic.partitions[c.stream.Partition]
	}
	return &partition{}
}

// Next implements the feed. A claim does not always notice at once that the topic is another one.
func (c *claim) Next(ctx context.Context, limit int, patience time.Duration) ([]*receiver.Event, error) {
	c.position = c.at
	for {
		c.flush(false)
		c.pause()
		records, there := c.partition().read(c.at)
		// Who gives up at the moment when something comes may be given it all the same.
		if ctx.Err() != nil && (len(records) == 0 || c.calm || rapid.Bool().Draw(c.T, "given up")) {
			return nil, context.Cause(ctx)
		}
		if !there || c.topic != c.world.topic && !c.fails(recreation) {
			return nil, io.EOF
		}
		if len(records) > 0 {
			return c.give(records[:min(limit, len(records))]), nil
		}
		if patience > 0 {
			return nil, nil
		}
	}
}

func (c *claim) give(records []event.Record) []*receiver.Event {
	if len(records) > 1 && !c.calm {
		records = records[:rapid.IntRange(1, len(records)).Draw(c.T, "records")]
	}
	events := make([]*receiver.Event, len(records))
	for i, record := range records {
		events[i] = c.decoder.Event(c.at, record)
		if number, ok := numberOf(record); ok {
			c.numbers[c.at] = number
		}
		c.at++
	}
	return events
}

// Record implements the feed. The model's ledger refuses no event, so nothing asks.
func (c *claim) Record(context.Context, *receiver.Event) (*receiver.Record, error) {
	return nil, receiver.ErrGone
}

// Verify implements the feed.
func (c *claim) Verify(ctx context.Context) error {
	if c.pause(); ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if c.fails(network) {
		return fmt.Errorf("%w: %w", receiver.ErrUnavailable, errKafka)
	}
	if c.stream.TopicID != c.world.topic.id {
		return receiver.ErrStreamChanged
	}
	return nil
}

// Commit implements the feed. The offset may go to the group at once: a session commits the marks of all its partitions.
func (c *claim) Commit(offset int64) {
	c.marked = offset
	c.flush(false)
}

// flush commits what is marked. A process that is killed does not come here, or it is refused.
func (c *claim) flush(last bool) {
	switch {
	case c.marked == receiver.NoOffset || c.replaced || c.killed:
	case !last && c.fails(commits):
	default:
		c.group[int(c.stream.Partition)] = committed{offset: c.marked, topic: c.stream.TopicID}
		c.marked = receiver.NoOffset
	}
}

// Apply implements the ledger. The answer may get lost, whatever it would have been. A database that is away may be so for
// longer than the partition stays here.
func (c *claim) Apply(
	_ context.Context, scope receiver.Scope, decide func(receiver.Marks) receiver.Effects,
) (receiver.Marks, error) {
	c.pause()
	if c.fails(database) {
		if c.fails(moves) {
			c.stop()
		}
		return receiver.Marks{}, fmt.Errorf("%w: %w", receiver.ErrUnavailable, errDatabase)
	}
	after := c.users.apply(scope, decide, c.numbers)
	if c.fails(database) {
		return receiver.Marks{}, fmt.Errorf("%w: %w", receiver.ErrUnavailable, errDatabase)
	}
	return after, nil
}

// Applied implements the meter.
func (c *claim) Applied(receiver.Applied) {}

// Waiting implements the meter. What a window has dropped may have to be sent again, if the receiver ends before it has
// read it again.
func (c *claim) Waiting(_ receiver.Stream, _, _, dropped int) { c.lossy = c.lossy || dropped > 0 }

// Failed implements the meter.
func (c *claim) Failed(error) {}
