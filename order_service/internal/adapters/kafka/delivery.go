package kafka

import (
	"context"
	"errors"

	"github.com/IBM/sarama"

	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/event"
)

var errProducerClosed = errors.New("the producer was closed")

// tag goes with a message through the producer.
type tag struct {
	index int // in the delivery
	lane  int
}

// byLane sends each lane to one partition.
type byLane struct{}

// Partition is the lane modulo the number of partitions that the topic has now. A topic that grows moves lanes; the
// receiver puts them in order by their sequence.
func (byLane) Partition(m *sarama.ProducerMessage, partitions int32) (int32, error) {
	t, ok := m.Metadata.(tag)
	if !ok {
		return 0, errors.New("a message without a lane")
	}
	return int32(t.lane) % partitions, nil //nolint:gosec // lanes are few
}

// RequiresConsistency has Sarama count partitions without a leader, too: a lane never strays because of one.
func (byLane) RequiresConsistency() bool { return true }

// delivery is one batch on its way.
type delivery struct {
	producer *producer
	messages []*sarama.ProducerMessage
	acked    []bool
}

func newDelivery(producer *producer, topic string, events []domain.Placed) *delivery {
	d := &delivery{
		producer: producer,
		messages: make([]*sarama.ProducerMessage, len(events)),
		acked:    make([]bool, len(events)),
	}
	for i, e := range events {
		d.messages[i] = toMessage(topic, e)
		d.messages[i].Metadata = tag{index: i, lane: e.Place.Lane}
	}
	return d
}

// toMessage leaves the record's time to the producer: it is when the record is published. Brokers refuse records that
// are an hour ahead of their own clock (log.message.timestamp.after.max.ms, KIP-1030), and keep others for a time that
// counts from there; when the order was placed, by the database's clock, is in ce_time.
func toMessage(topic string, e domain.Placed) *sarama.ProducerMessage {
	record := event.Encode(event.Placed{
		OrderID: e.OrderID, Name: e.Name, LogID: e.Place.LogID, Lane: e.Place.Lane, Sequence: e.Place.Sequence,
		PlacedAt: e.PlacedAt, TraceParent: e.TraceParent,
	})
	headers := make([]sarama.RecordHeader, len(record.Headers))
	for i, h := range record.Headers {
		headers[i] = sarama.RecordHeader{Key: []byte(h.Key), Value: h.Value}
	}
	return &sarama.ProducerMessage{
		Topic: topic, Key: sarama.ByteEncoder(record.Key), Value: sarama.ByteEncoder(record.Value),
		Headers: headers,
	}
}

// run sends the messages in order, in one request if it can, while it takes in outcomes. After the first failure it sends
// no more, but waits for all that is outstanding, so that acknowledged is as long as can be.
func (d *delivery) run(ctx context.Context) error {
	d.producer.expect(len(d.messages))
	var failure error
	sent, outstanding := 0, 0
	for {
		var (
			input chan<- *sarama.ProducerMessage
			next  *sarama.ProducerMessage
		)
		switch {
		case failure == nil && sent < len(d.messages):
			input, next = d.producer.Input(), d.messages[sent]
		case outstanding == 0:
			return failure
		}
		select {
		case input <- next:
			sent++
			outstanding++
		case m, ok := <-d.producer.Successes():
			if !ok {
				return errProducerClosed
			}
			d.acknowledge(m)
			outstanding--
		case e, ok := <-d.producer.Errors():
			if !ok {
				return errProducerClosed
			}
			if failure == nil {
				failure = e.Err
			}
			outstanding--
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (d *delivery) acknowledge(m *sarama.ProducerMessage) {
	if t, ok := m.Metadata.(tag); ok {
		d.acked[t.index] = true
	}
}

// acknowledged is how many messages were, before the first that was not.
func (d *delivery) acknowledged() int {
	for i, acked := range d.acked {
		if !acked {
			return i
		}
	}
	return len(d.acked)
}
