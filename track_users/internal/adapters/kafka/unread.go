package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/IBM/sarama"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"ordertrack/shared/kafkaclient"
	"ordertrack/track_users/internal/application/reporting"
	"ordertrack/track_users/internal/domain"
)

// backlogLimit bounds how long the question takes, peekers how many partitions are looked into at once.
const (
	backlogLimit = 3 * time.Second
	peekers      = 32
)

// Topic tells what is in the topic. It implements reporting.Topic.
type Topic struct {
	name   string
	client func() sarama.Client
	flight singleflight.Group
	tails  map[domain.Stream]tail // as they were read last; only the flight looks at it
}

// NewTopic makes one; client may return nil while there is no connection.
func NewTopic(topic string, client func() sarama.Client) *Topic {
	return &Topic{name: topic, client: client}
}

// Backlogs asks the brokers for the end of each partition, and looks at its last records and at the first that is not
// read yet. Sarama takes no context: a question that outlasts ctx goes on within the client's own limits, and the next
// one joins it.
func (t *Topic) Backlogs(ctx context.Context, positions []domain.Position) ([]domain.Backlog, error) {
	ctx, cancel := context.WithTimeout(ctx, backlogLimit)
	defer cancel()
	client := t.client()
	if client == nil {
		return nil, fmt.Errorf("%w: there is no connection to Kafka", reporting.ErrUnavailable)
	}
	outcome := t.flight.DoChan("", func() (any, error) { return t.backlogs(client, positions) })
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", reporting.ErrUnavailable, context.Cause(ctx))
	case result := <-outcome:
		found, ok := result.Val.([]domain.Backlog)
		if result.Err != nil || !ok {
			return nil, fmt.Errorf("%w: %w", reporting.ErrUnavailable, result.Err)
		}
		return found, nil
	}
}

func (t *Topic) backlogs(client sarama.Client, positions []domain.Position) ([]domain.Backlog, error) {
	id, err := kafkaclient.TopicID(client, t.name)
	if err != nil {
		return nil, err
	}
	partitions, err := client.Partitions(t.name)
	if err != nil {
		return nil, err
	}
	reader, err := sarama.NewConsumerFromClient(client) // closing it leaves the client open
	if err != nil {
		return nil, err
	}
	slices.Sort(partitions)
	found, tails := make([]domain.Backlog, len(partitions)), make([]tail, len(partitions))
	var group errgroup.Group
	group.SetLimit(peekers)
	for i, partition := range partitions {
		stream := domain.Stream{Topic: t.name, TopicID: domain.TopicID(id), Partition: partition}
		group.Go(func() (err error) {
			found[i], tails[i], err = look(client, reader, stream, positions, t.tails[stream])
			return err
		})
	}
	if err := errors.Join(group.Wait(), reader.Close()); err != nil {
		return nil, err
	}
	t.tails = make(map[domain.Stream]tail, len(found)) // those of a topic that was deleted are forgotten
	for i, backlog := range found {
		t.tails[backlog.Stream] = tails[i]
	}
	return found, nil
}

// look looks into one partition. What it held last is not read again while nothing was added.
func look(
	client sarama.Client, reader sarama.Consumer, stream domain.Stream, positions []domain.Position, last tail,
) (backlog domain.Backlog, now tail, err error) {
	oldest, err := client.GetOffset(stream.Topic, stream.Partition, sarama.OffsetOldest)
	if err != nil {
		return backlog, now, fmt.Errorf("partition %d: %w", stream.Partition, err)
	}
	end, err := client.GetOffset(stream.Topic, stream.Partition, sarama.OffsetNewest)
	if err != nil {
		return backlog, now, fmt.Errorf("partition %d: %w", stream.Partition, err)
	}
	backlog = domain.Backlog{Stream: stream, Next: nextOf(stream, positions, oldest, end), End: end}
	now = last
	if last.end != end || last.begin < oldest {
		if now, err = readTail(reader, stream, max(oldest, end-tailRecords), end); err != nil {
			return backlog, now, fmt.Errorf("the end of partition %d: %w", stream.Partition, err)
		}
	}
	backlog.Heads = now.heads
	if backlog.Events() > 0 {
		if backlog.Oldest, err = placedAt(reader, stream, backlog.Next); err != nil {
			return backlog, now, fmt.Errorf("partition %d: %w", stream.Partition, err)
		}
	}
	return backlog, now, nil
}

// nextOf tells where the stream is read next. A position that the log no longer reaches is where the consumer would go
// on: at the begin of the log.
func nextOf(stream domain.Stream, positions []domain.Position, oldest, end int64) int64 {
	next := oldest
	for _, p := range positions {
		if p.Stream == stream && oldest <= p.Next && p.Next <= end {
			next = p.Next
		}
	}
	return next
}
