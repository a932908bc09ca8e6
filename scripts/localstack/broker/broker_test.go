package broker_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/dirlock"
	"ordertrack/scripts/localstack/ports"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/kafkaclient"
)

const limit = time.Minute

func eachKind(t *testing.T, fn func(t *testing.T, b *broker.Broker)) {
	t.Helper()
	for _, kind := range []broker.Kind{broker.Embedded, broker.Apache} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			fn(t, testenv.OwnBroker(t, kind))
		})
	}
}

func TestWhatWasAcknowledgedSurvivesKillAndStop(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, b *broker.Broker) {
		addr := b.Addr()
		topic := createTopic(t, addr, 3)
		id := topicID(t, addr, topic)
		acknowledged := produce(t, addr, topic, "before", 200, nil)
		require.Error(t, b.Restart(t.Context()), "it still runs")

		killed := make(chan error, 1)
		during := produce(t, addr, topic, "during", 1_000_000, func(sent int) {
			if sent == 200 {
				go func() { killed <- b.Kill() }()
			}
		})
		require.NoError(t, <-killed)
		<-b.Done()
		require.Less(t, len(during), 1_000_000, "the kill came in the middle")
		acknowledged = append(acknowledged, during...)

		require.NoError(t, b.Restart(t.Context()))
		require.Equal(t, addr, b.Addr())
		require.Equal(t, id, topicID(t, addr, topic))
		acknowledged = append(acknowledged, produce(t, addr, topic, "after", 200, nil)...)
		consume(t, addr, topic, acknowledged)

		require.NoError(t, b.Stop(t.Context()))
		require.NoError(t, b.Stop(t.Context()), "to stop twice is no error")
		require.NoError(t, b.Restart(t.Context()))
		seen := consume(t, addr, topic, produce(t, addr, topic, "last", 10, nil))
		require.Len(t, seen, 10, "nothing of what the group committed comes again")
	})
}

func TestTopicsAreNotMadeByAccident(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		cfg := kafkaclient.Config("test")
		cfg.Metadata.AllowAutoTopicCreation = true
		cfg.Metadata.Retry.Max = 1
		client, err := sarama.NewClient([]string{addr}, cfg)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, client.Close()) })
		_, err = client.Partitions(testenv.Topic(t))
		require.ErrorIs(t, err, sarama.ErrUnknownTopicOrPartition)
	})
}

func TestOneBrokerForOneFolder(t *testing.T) {
	t.Parallel()
	opts := broker.Options{DataDir: t.TempDir(), NoSync: true}
	first, err := broker.Start(t.Context(), broker.Embedded, opts)
	require.NoError(t, err)
	_, err = broker.Start(t.Context(), broker.Embedded, opts)
	var held *dirlock.HeldError
	require.ErrorAs(t, err, &held)
	require.NotZero(t, held.PID)
	require.NoError(t, first.Close(t.Context()))

	second, err := broker.Start(t.Context(), broker.Embedded, opts)
	require.NoError(t, err)
	require.NoError(t, second.Close(t.Context()))
}

func TestAPortInUseIsSaid(t *testing.T) {
	t.Parallel()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = other.Close() })
	port := other.Addr().(*net.TCPAddr).Port
	_, err = broker.Start(t.Context(), broker.Embedded, broker.Options{DataDir: t.TempDir(), Port: port})
	var taken *ports.TakenError
	require.ErrorAs(t, err, &taken)
	require.Equal(t, port, taken.Port)
}

func TestAFailedStartShowsTheLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data"), nil, 0o600))
	_, err := broker.Start(t.Context(), broker.Embedded, broker.Options{DataDir: dir})
	require.ErrorContains(t, err, "not a directory")
}

// Kafka's reasons come through its logging library, which is silent when a part of it is missing.
func TestApacheKafkaSaysWhyItEnds(t *testing.T) {
	t.Parallel()
	if lacking := broker.ApacheAvailable(t.Context()); lacking != nil {
		t.Skip(lacking)
	}
	cache, err := testenv.CacheDir()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "data"), 0o755))
	const ofAnother = "version=1\ncluster.id=4L6g3nShT-eMCtK--X86sw\nnode.id=7\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "meta.properties"), []byte(ofAnother), 0o600))
	_, err = broker.Start(t.Context(), broker.Apache, broker.Options{DataDir: dir, CacheDir: cache})
	require.ErrorContains(t, err, "Stored node id 7")
	require.NotContains(t, err.Error(), "SLF4J")
}

func TestAStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "data"), 0o700))
	predecessor, err := dirlock.Try(filepath.Join(dir, "data", "broker.lock"))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = broker.Start(ctx, broker.Embedded, broker.Options{DataDir: dir})
	require.ErrorIs(t, err, context.DeadlineExceeded, "the broker before is waited for, but no longer than that")

	require.NoError(t, predecessor.Release())
	b, err := broker.Start(t.Context(), broker.Embedded, broker.Options{DataDir: dir})
	require.NoError(t, err)
	require.NoError(t, b.Close(t.Context()))
}

func createTopic(t *testing.T, addr string, partitions int32) string {
	t.Helper()
	admin, err := sarama.NewClusterAdmin([]string{addr}, kafkaclient.Config("test"))
	require.NoError(t, err)
	defer func() { require.NoError(t, admin.Close()) }()
	topic := testenv.Topic(t)
	require.NoError(t, admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false))
	return topic
}

func topicID(t *testing.T, addr, topic string) [16]byte {
	t.Helper()
	client, err := sarama.NewClient([]string{addr}, kafkaclient.Config("test"))
	require.NoError(t, err)
	defer func() { require.NoError(t, client.Close()) }()
	id, err := kafkaclient.TopicID(client, topic)
	require.NoError(t, err)
	return id
}

// produce sends records one after the other, idempotently, until count are acknowledged or one fails. It returns the
// values of those that were acknowledged.
func produce(t *testing.T, addr, topic, prefix string, count int, progress func(sent int)) []string {
	t.Helper()
	cfg := kafkaclient.Config("test")
	cfg.Producer.Retry.Max = 1
	producer, err := sarama.NewSyncProducer([]string{addr}, cfg)
	require.NoError(t, err)
	defer func() { _ = producer.Close() }()
	var acknowledged []string
	for i := range count {
		value := fmt.Sprintf("%s-%d", prefix, i)
		if _, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(value)}); err != nil {
			require.NotNil(t, progress, "no error is expected here: %v", err)
			return acknowledged
		}
		acknowledged = append(acknowledged, value)
		if progress != nil {
			progress(len(acknowledged))
		}
	}
	return acknowledged
}

// consume reads as a group until every value wanted was seen, and commits what it read. It returns how often each
// value was seen.
func consume(t *testing.T, addr, topic string, want []string) map[string]int {
	t.Helper()
	cfg := kafkaclient.Config("test")
	cfg.Consumer.Return.Errors = false
	group, err := sarama.NewConsumerGroup([]string{addr}, "group_"+topic, cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, group.Close()) }()

	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	reader := &reader{seen: map[string]int{}, missing: map[string]bool{}, done: cancel}
	for _, value := range want {
		reader.missing[value] = true
	}
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{topic}, reader); err != nil {
			require.ErrorIs(t, ctx.Err(), context.Canceled, "consume: %v", err)
		}
	}
	require.Empty(t, reader.missing, "acknowledged, but lost")
	return reader.seen
}

type reader struct {
	mu      sync.Mutex
	seen    map[string]int
	missing map[string]bool
	done    context.CancelFunc
}

func (r *reader) Setup(sarama.ConsumerGroupSession) error { return nil }

func (r *reader) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (r *reader) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	defer session.Commit()
	for {
		select {
		case message, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			r.take(string(message.Value))
			session.MarkMessage(message, "")
		case <-session.Context().Done():
			return nil
		}
	}
}

func (r *reader) take(value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[value]++
	delete(r.missing, value)
	if len(r.missing) == 0 {
		r.done()
	}
}

func TestAWipedBrokerKnowsNothing(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, b *broker.Broker) {
		t.Helper()
		require.Error(t, b.Wipe(t.Context()), "it runs")
		topic := createTopic(t, b.Addr(), 1)
		require.NoError(t, b.Kill())
		require.NoError(t, b.Wipe(t.Context()))
		require.NoError(t, b.Restart(t.Context()))
		client, err := sarama.NewClient([]string{b.Addr()}, kafkaclient.Config("test"))
		require.NoError(t, err)
		defer func() { require.NoError(t, client.Close()) }()
		_, err = kafkaclient.TopicID(client, topic)
		require.ErrorIs(t, err, sarama.ErrUnknownTopicOrPartition)
	})
}
