// Package kafka publishes placed orders on a Kafka topic with Sarama's idempotent producer.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/IBM/sarama"

	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/kafkaclient"
)

// Partitions is the number of partitions of a topic that the wire creates.
const Partitions = 12

const clientID = "order_service"

var errNotConnected = errors.New("not connected to Kafka")

// Wire is the way to one topic. It implements relaying.Wire. Connect, Publish and Close are called one at a time.
type Wire struct {
	brokers []string
	topic   string
	log     *slog.Logger

	mu       sync.Mutex // Client is asked from other goroutines
	client   sarama.Client
	producer *producer
	retired  sync.WaitGroup // producers that are being closed
}

// NewWire makes a wire; nothing is opened before Connect.
func NewWire(brokers []string, topic string, log *slog.Logger) *Wire {
	return &Wire{brokers: brokers, topic: topic, log: log}
}

// Client is the wire's client, for health checks; nil before Connect has reached a broker.
func (w *Wire) Client() sarama.Client {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.client
}

// Connect waits for a broker and for the topic, which it creates when it is absent, and makes a producer when there is
// none. The client is kept for good: it finds brokers again by itself.
func (w *Wire) Connect(ctx context.Context) error {
	if w.Client() == nil {
		client, err := kafkaclient.Connect(ctx, w.brokers, config(), w.log)
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.client = client
		w.mu.Unlock()
	}
	if err := kafkaclient.EnsureTopic(ctx, w.client, w.topic, Partitions, w.log); err != nil {
		return err
	}
	if w.producer != nil {
		return nil
	}
	producer, err := newProducer(w.client)
	if err != nil {
		return err
	}
	w.producer = producer
	return nil
}

func config() *sarama.Config {
	c := kafkaclient.Config(clientID)
	c.Producer.Partitioner = func(string) sarama.Partitioner { return byLane{} }
	return c
}

// Publish sends the events and waits for their outcomes. After a failure the producer is replaced: one that has given a
// record up has a hole in its sequence, and may hold records whose outcome nobody waits for any more.
func (w *Wire) Publish(ctx context.Context, events []domain.Placed) (int, error) {
	if w.producer == nil {
		return 0, errNotConnected
	}
	d := newDelivery(w.producer, w.topic, events)
	err := d.run(ctx)
	if err != nil {
		w.retire()
	}
	return d.acknowledged(), err
}

// retire lets the producer finish on its own and takes what it still has to say, so that it can.
func (w *Wire) retire() {
	producer := w.producer
	w.producer = nil
	producer.AsyncClose()
	w.retired.Go(func() {
		for range producer.Successes() {
		}
	})
	w.retired.Go(func() {
		for range producer.Errors() {
		}
	})
}

// Close ends the producer and the client. It waits for records in flight until ctx ends; then they are given up. It
// may be called again, and before Connect.
func (w *Wire) Close(ctx context.Context) error {
	if w.producer != nil {
		w.retire()
	}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		w.retired.Wait()
	}()
	var late error
	select {
	case <-finished:
	case <-ctx.Done():
		late = fmt.Errorf("finish publishing: %w", context.Cause(ctx))
	}
	client := w.Client()
	if client == nil || client.Closed() {
		return late
	}
	if err := client.Close(); err != nil {
		return errors.Join(late, fmt.Errorf("close the Kafka client: %w", err))
	}
	return late
}
