package wiring_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/event"
	"ordertrack/shared/kafkaclient"
	"ordertrack/shared/name"
	"ordertrack/track_users/internal/adapters/kafka"
)

// BenchmarkDrain has the service count a topic that is full: how fast it catches up. It reports events/s.
func BenchmarkDrain(b *testing.B) {
	for _, users := range []int{200, 10_000} {
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			const events = 200_000
			var took time.Duration
			for b.Loop() {
				b.StopTimer()
				c := settingsFor(b, testenv.Database(b), testenv.Broker(b), testenv.Topic(b))
				fill(b, c.KafkaBrokers[0], c.KafkaTopic, events, users)
				b.StartTimer()
				begin := time.Now()
				r := start(b, c)
				awaitSum(b, c.DatabaseURL, events)
				took += time.Since(begin)
				b.StopTimer()
				r.stop(b)
				b.StartTimer()
			}
			b.ReportMetric(float64(b.N)*events/took.Seconds(), "events/s")
		})
	}
}

// fill writes the events of as many orders, each to the partition of its lane.
func fill(b *testing.B, broker, topic string, events, users int) {
	b.Helper()
	config := kafkaclient.Config("test")
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Return.Successes = false
	client, err := sarama.NewClient([]string{broker}, config)
	require.NoError(b, err)
	defer func() { require.NoError(b, client.Close()) }()
	require.NoError(b, kafkaclient.EnsureTopic(b.Context(), client, topic, kafka.Partitions, quiet))
	producer, err := sarama.NewAsyncProducerFromClient(client)
	require.NoError(b, err)
	sequences := map[int]int64{}
	for n := range events {
		who := name.Restore(fmt.Sprintf("user %05d", n%users))
		lane := event.LaneOf(who)
		sequences[lane]++
		record := event.Encode(event.Placed{
			OrderID: int64(n + 1), Name: who, LogID: logID, Lane: lane, Sequence: sequences[lane], PlacedAt: time.Now(),
			TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		})
		m := message(topic, record)
		m.Partition = int32(lane % kafka.Partitions)
		producer.Input() <- m
	}
	require.NoError(b, producer.Close())
}

func awaitSum(b *testing.B, database string, want int64) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), database)
	require.NoError(b, err)
	defer func() { require.NoError(b, conn.Close(b.Context())) }()
	require.Eventually(b, func() bool {
		var sum int64
		err := conn.QueryRow(b.Context(), `SELECT coalesce(sum(counter), 0)::bigint FROM track_user`).Scan(&sum)
		return err == nil && sum == want
	}, 2*patience, often)
}
