package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/IBM/sarama"
	"golang.org/x/sync/singleflight"

	"ordertrack/shared/event"
	"ordertrack/shared/kafkaclient"
	"ordertrack/track_users/internal/application/reporting"
	"ordertrack/track_users/internal/domain"
)

// backlogLimit bounds how long the question takes, peekLimit how long it waits for the first record of each partition.
const (
	backlogLimit = 3 * time.Second
	peekLimit    = time.Second
)

// Topic tells what is in the topic. It implements reporting.Topic.
type Topic struct {
	name   string
	client func() sarama.Client
	flight singleflight.Group
}

// NewTopic makes one; client may return nil while there is no connection.
func NewTopic(topic string, client func() sarama.Client) *Topic {
	return &Topic{name: topic, client: client}
}

// Backlogs asks the brokers for the end of each partition, and looks at the first record that is not read yet. Sarama
// takes no context: a question that outlasts ctx goes on within the client's own limits, and the next one joins it.
func (t *Topic) Backlogs(ctx context.Context, positions []domain.Position) ([]domain.Backlog, error) {
	ctx, cancel := context.WithTimeout(ctx, backlogLimit)
	defer cancel()
	client := t.client()
	if client == nil {
		return nil, fmt.Errorf("%w: there is no connection to Kafka", reporting.ErrUnavailable)
	}
	outcome := t.flight.DoChan("", func() (any, error) { return backlogs(client, t.name, positions) })
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

func backlogs(client sarama.Client, topic string, positions []domain.Position) ([]domain.Backlog, error) {
	id, err := kafkaclient.TopicID(client, topic)
	if err != nil {
		return nil, err
	}
	partitions, err := client.Partitions(topic)
	if err != nil {
		return nil, err
	}
	reader, err := sarama.NewConsumerFromClient(client) // closing it leaves the client open
	if err != nil {
		return nil, err
	}
	slices.Sort(partitions)
	found := make([]domain.Backlog, 0, len(partitions))
	for _, partition := range partitions {
		stream := domain.Stream{Topic: topic, TopicID: domain.TopicID(id), Partition: partition}
		backlog, err := behind(client, stream, positions)
		if err == nil && backlog.Events() > 0 {
			backlog.Oldest, err = placedAt(reader, stream, backlog.Next)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("partition %d: %w", partition, err), reader.Close())
		}
		found = append(found, backlog)
	}
	return found, reader.Close()
}

// behind tells where the stream is read next and where it ends. A position that the log no longer reaches is where the
// consumer would go on: at the begin of the log.
func behind(client sarama.Client, stream domain.Stream, positions []domain.Position) (domain.Backlog, error) {
	oldest, err := client.GetOffset(stream.Topic, stream.Partition, sarama.OffsetOldest)
	if err != nil {
		return domain.Backlog{}, err
	}
	end, err := client.GetOffset(stream.Topic, stream.Partition, sarama.OffsetNewest)
	if err != nil {
		return domain.Backlog{}, err
	}
	next := oldest
	for _, p := range positions {
		if p.Stream == stream && oldest <= p.Next && p.Next <= end {
			next = p.Next
		}
	}
	return domain.Backlog{Stream: stream, Next: next, End: end}, nil
}

// placedAt is when the order was placed whose event is the first at or behind an offset; zero when that does not come in
// time.
func placedAt(reader sarama.Consumer, stream domain.Stream, offset int64) (at time.Time, err error) {
	claim, err := reader.ConsumePartition(stream.Topic, stream.Partition, offset)
	if errors.Is(err, sarama.ErrOffsetOutOfRange) {
		return time.Time{}, nil // it was cut off meanwhile
	}
	if err != nil {
		return time.Time{}, err
	}
	defer func() { err = errors.Join(err, claim.Close()) }()
	timer := time.NewTimer(peekLimit)
	defer timer.Stop()
	select {
	case <-timer.C:
		return time.Time{}, nil
	case message, ok := <-claim.Messages():
		if !ok {
			return time.Time{}, nil
		}
		return timeOf(message), nil
	}
}

// timeOf is the time that the event tells, or else the one at which its record was written.
func timeOf(m *sarama.ConsumerMessage) time.Time {
	for _, h := range m.Headers {
		if string(h.Key) == event.HeaderTime {
			if at, err := time.Parse(time.RFC3339Nano, string(h.Value)); err == nil {
				return at
			}
		}
	}
	return m.Timestamp
}
