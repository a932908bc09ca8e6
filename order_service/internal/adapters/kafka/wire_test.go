package kafka_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/kafka"
	"ordertrack/order_service/internal/application/relaying"
	"ordertrack/order_service/internal/application/relaying/wiretest"
	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/event"
	"ordertrack/shared/kafkaclient"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// end is a topic of a broker.
type end struct {
	addr, topic string
}

func (e end) Wire(t *testing.T) relaying.Wire { return e.wire(t) }

func (e end) wire(t *testing.T) *kafka.Wire {
	t.Helper()
	wire := kafka.NewWire([]string{e.addr}, e.topic, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, wire.Close(ctx))
		require.NoError(t, wire.Close(ctx), "twice")
	})
	return wire
}

func (e end) client(t *testing.T) sarama.Client {
	t.Helper()
	client, err := sarama.NewClient([]string{e.addr}, kafkaclient.Config("test"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func (e end) Read(t *testing.T, records int) []wiretest.Received {
	t.Helper()
	all := make([]wiretest.Received, 0, records)
	e.each(t, func(r wiretest.Received) bool {
		all = append(all, r)
		return len(all) == records
	})
	return all
}

// each reads from the beginning until enough says so.
func (e end) each(t *testing.T, enough func(wiretest.Received) bool) {
	t.Helper()
	consumer, err := sarama.NewConsumerFromClient(e.client(t))
	require.NoError(t, err)
	partitions, err := consumer.Partitions(e.topic)
	require.NoError(t, err)
	received, done := make(chan *sarama.ConsumerMessage), make(chan struct{})
	var readers sync.WaitGroup
	for _, p := range partitions {
		claim, err := consumer.ConsumePartition(e.topic, p, sarama.OffsetOldest)
		require.NoError(t, err)
		readers.Go(func() {
			for m := range claim.Messages() {
				select {
				case received <- m:
				case <-done:
				}
			}
		})
		readers.Go(func() {
			for range claim.Errors() { // it closes when both are read
			}
		})
		defer claim.AsyncClose()
	}
	defer func() {
		close(done)
		go readers.Wait() // ends when the claims have, which the client's end makes sure of
	}()
	for limit := time.After(time.Minute); ; {
		select {
		case m := <-received:
			if enough(toReceived(m)) {
				return
			}
		case <-limit:
			require.FailNow(t, "records are missing")
		}
	}
}

func toReceived(m *sarama.ConsumerMessage) wiretest.Received {
	r := wiretest.Received{Record: event.Record{Key: m.Key, Value: m.Value}, Partition: m.Partition, At: m.Timestamp}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, event.Header{Key: string(h.Key), Value: h.Value})
	}
	return r
}

func TestWireContract(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		wiretest.Exercise(t, func(t *testing.T) wiretest.End { return end{addr, testenv.Topic(t)} })
	})
}

func TestTheTopicIsCreatedOrUsedAsItIs(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		fresh, old := end{addr, testenv.Topic(t)}, end{addr, testenv.Topic(t)}
		admin, err := sarama.NewClusterAdminFromClient(fresh.client(t))
		require.NoError(t, err)
		require.NoError(t, admin.CreateTopic(old.topic, &sarama.TopicDetail{NumPartitions: 3, ReplicationFactor: 1}, false))
		for want, e := range map[int]end{kafka.Partitions: fresh, 3: old} {
			require.NoError(t, e.Wire(t).Connect(t.Context()))
			partitions, err := e.client(t).Partitions(e.topic)
			require.NoError(t, err)
			require.Len(t, partitions, want)
		}
	})
}

func TestATopicThatGrowsIsFollowed(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		e := end{addr, testenv.Topic(t)}
		wire := e.wire(t)
		require.NoError(t, wire.Connect(t.Context()))
		admin, err := sarama.NewClusterAdminFromClient(e.client(t))
		require.NoError(t, err)
		require.NoError(t, admin.CreatePartitions(e.topic, 20, nil, false))
		require.Eventually(t, func() bool {
			require.NoError(t, wire.Client().RefreshMetadata(e.topic))
			partitions, err := wire.Client().Partitions(e.topic)
			return err == nil && len(partitions) == 20
		}, 30*time.Second, 20*time.Millisecond)

		events := wiretest.Events(1, 200)
		_, err = wire.Publish(t.Context(), events)
		require.NoError(t, err)
		for _, r := range e.Read(t, len(events)) {
			decoded, err := event.Decode(r.Record)
			require.NoError(t, err)
			require.Equal(t, int32(decoded.Place.Lane%20), r.Partition)
		}
	})
}

// A producer that has given a record up may still have outcomes to tell, of records that nobody waits for: the next batch
// must not take them for its own.
func TestAProducerThatFailedIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		wire := end{addr, testenv.Topic(t)}.Wire(t)
		require.NoError(t, wire.Connect(t.Context()))
		events := wiretest.Events(1, 10)
		tooLarge := slices.Clone(events)
		tooLarge[3].TraceParent = strings.Repeat("x", 4<<20)
		_, err := wire.Publish(t.Context(), tooLarge)
		require.Error(t, err)
		acknowledged, err := wire.Publish(t.Context(), events)
		require.ErrorContains(t, err, "not connected")
		require.Zero(t, acknowledged)

		require.NoError(t, wire.Connect(t.Context()))
		acknowledged, err = wire.Publish(t.Context(), events)
		require.NoError(t, err)
		require.Equal(t, len(events), acknowledged)
	})
}

// A broker that is killed under load loses nothing that was acknowledged, and the wire finds it again by itself. Events
// may come twice then.
func TestABrokerThatIsKilled(t *testing.T) {
	t.Parallel()
	for _, kind := range []broker.Kind{broker.Embedded, broker.Apache} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			own := testenv.OwnBroker(t, kind)
			e := end{own.Addr(), testenv.Topic(t)}
			wire := e.wire(t)
			const total, batch = 20_000, 500
			restarted := make(chan error, 1)
			for published, killed := 0, false; published < total; {
				require.NoError(t, wire.Connect(t.Context()))
				if published >= total/2 && !killed {
					killed = true
					go func() { restarted <- errors.Join(own.Kill(), own.Restart(context.WithoutCancel(t.Context()))) }()
				}
				events := wiretest.Events(int64(published+1), min(batch, total-published))
				acknowledged, err := wire.Publish(t.Context(), events)
				require.Equal(t, err == nil, acknowledged == len(events))
				published += acknowledged
			}
			require.NoError(t, <-restarted)

			seen := map[int64]bool{}
			e.each(t, func(r wiretest.Received) bool {
				decoded, err := event.Decode(r.Record)
				require.NoError(t, err)
				seen[decoded.Place.Sequence] = true
				return len(seen) == total
			})
		})
	}
}
