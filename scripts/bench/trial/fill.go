package trial

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/IBM/sarama"

	"ordertrack/scripts/bench/load"
	"ordertrack/scripts/bench/rig"
	"ordertrack/shared/event"
	"ordertrack/shared/kafkaclient"
	"ordertrack/shared/name"
)

// backlogLog is the log that the backlogs' events come from.
const backlogLog = "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11"

// topics are full ones, by how many users their events are of. They are filled when they are first asked for.
type topics struct {
	bench *Bench
	made  map[int]string
	gone  []func() error
}

func newTopics(b *Bench) *topics { return &topics{bench: b, made: map[int]string{}} }

func (t *topics) of(ctx context.Context, users int) (string, error) {
	if topic, found := t.made[users]; found {
		return topic, nil
	}
	topic, remove, err := t.bench.rig.Topic(ctx)
	if err != nil {
		return "", err
	}
	t.gone = append(t.gone, remove)
	if err := fill(ctx, t.bench.rig, topic, t.bench.plan.Backlog, users); err != nil {
		return "", fmt.Errorf("fill a topic: %w", err)
	}
	t.made[users] = topic
	return topic, nil
}

func (t *topics) close(context.Context) error {
	errs := make([]error, 0, len(t.gone))
	for _, remove := range t.gone {
		errs = append(errs, remove())
	}
	return errors.Join(errs...)
}

// fill publishes events as order_service does: of users drawn at random, always the same ones, each on the partition of
// its lane with the next sequence of that lane.
func fill(ctx context.Context, r *rig.Rig, topic string, events, users int) (err error) {
	config := kafkaclient.Config("bench")
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Return.Successes = false
	producer, err := sarama.NewAsyncProducer([]string{r.Broker.Addr()}, config)
	if err != nil {
		return fmt.Errorf("make a producer: %w", err)
	}
	random := rand.New(rand.NewPCG(1, uint64(users)))
	var sequences [event.Lanes]int64
	for n := range events {
		message := nextEvent(topic, n+1, name.Restore(load.UserName(random.IntN(users))), &sequences)
		select {
		case producer.Input() <- message:
		case failed := <-producer.Errors():
			return errors.Join(failed, producer.Close())
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), producer.Close())
		}
	}
	return producer.Close() // waits for what is under way, and tells what failed
}

func nextEvent(topic string, id int, who name.Name, sequences *[event.Lanes]int64) *sarama.ProducerMessage {
	lane := event.LaneOf(who)
	sequences[lane]++
	record := event.Encode(event.Placed{
		OrderID: int64(id), Name: who, LogID: backlogLog, Lane: lane, Sequence: sequences[lane], PlacedAt: time.Now(),
		TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
	})
	message := &sarama.ProducerMessage{
		Topic: topic, Partition: int32(lane % rig.Partitions),
		Key: sarama.ByteEncoder(record.Key), Value: sarama.ByteEncoder(record.Value),
		Headers: make([]sarama.RecordHeader, 0, len(record.Headers)),
	}
	for _, header := range record.Headers {
		message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(header.Key), Value: header.Value})
	}
	return message
}
