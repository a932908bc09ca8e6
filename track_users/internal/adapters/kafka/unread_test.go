package kafka_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/event"
	"ordertrack/shared/kafkaclient"
	"ordertrack/track_users/internal/adapters/kafka"
	"ordertrack/track_users/internal/application/reporting"
	"ordertrack/track_users/internal/domain"
)

// heads are the heads of lanes, in pairs.
func heads(pairs ...int) map[domain.Lane]int64 {
	all := map[domain.Lane]int64{}
	for i := 0; i < len(pairs); i += 2 {
		all[domain.Lane{Source: event.Source(logID), Number: pairs[i]}] = int64(pairs[i+1])
	}
	return all
}

// A retransmission repeats what is older, behind what is newer; a record with a fault has its place all the same.
func TestTopic_TellsTheHighestSequenceOfTheLastRecords(t *testing.T) {
	t.Parallel()
	s := newStage(t, testenv.Broker(t))
	s.createTopic(t, 1)
	old := s.next(2 * lanes)
	s.produce(t, old...)
	var one []event.Record
	for range 600 / lanes {
		one = append(one, s.next(lanes)[0]) // the other lanes' last events are further back than is looked at
	}
	one = slices.Repeat(one, 6)
	one[len(one)-1].Value = []byte("broken")
	s.produce(t, one...)
	s.produce(t, old[:lanes]...)
	client := s.client(t)
	topic := kafka.NewTopic(s.topic, func() sarama.Client { return client })
	got, err := topic.Backlogs(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, heads(0, 2+600/lanes, 1, 1, 2, 1, 3, 1, 4, 1, 5, 1), got[0].Heads)
}

func TestTopic_TellsWhatIsNotReadYet(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		s := newStage(t, addr)
		s.createTopic(t, 3)
		s.produce(t, s.next(12)...) // 4 in each partition
		s.produce(t, event.Record{Value: []byte(`{"name":"Ann"}`)})
		client := s.client(t)
		id, err := kafkaclient.TopicID(client, s.topic)
		require.NoError(t, err)
		stream := func(p int32) domain.Stream {
			return domain.Stream{Topic: s.topic, TopicID: domain.TopicID(id), Partition: p}
		}
		another := stream(2)
		another.TopicID[0]++
		topic := kafka.NewTopic(s.topic, func() sarama.Client { return client })
		got, err := topic.Backlogs(t.Context(), []domain.Position{
			{Stream: stream(0), Next: 4}, {Stream: stream(1), Next: 4}, {Stream: another, Next: 3},
		})
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), got[0].Oldest, limit, "a foreign event has the time of its record")
		got[0].Oldest = time.Time{}
		require.Equal(t, []domain.Backlog{
			{Stream: stream(0), Next: 4, End: 5, Heads: heads(0, 2, 3, 2)},
			{Stream: stream(1), Next: 4, End: 4, Heads: heads(1, 2, 4, 2)},
			{Stream: stream(2), Next: 0, End: 4, Heads: heads(2, 2, 5, 2), Oldest: time.Unix(1_700_000_000, 0).UTC()},
		}, got, "a position of another topic is none")

		require.NoError(t, s.admin(t).DeleteRecords(s.topic, map[int32]int64{2: 3}))
		got, err = topic.Backlogs(t.Context(), []domain.Position{{Stream: stream(2), Next: 1}})
		require.NoError(t, err)
		require.EqualValues(t, 1, got[2].Events(), "what was cut off is not to be read")
		require.Equal(t, heads(5, 2), got[2].Heads)
		require.Equal(t, heads(0, 2, 3, 2), got[0].Heads, "of before, as nothing was added")
		s.produce(t, s.next(1)...)
		got, err = topic.Backlogs(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, heads(0, 3, 3, 2), got[0].Heads)
	})
}

func TestTopic_SaysThatItCannotTell(t *testing.T) {
	t.Parallel()
	s := newStage(t, testenv.Broker(t))
	_, err := kafka.NewTopic(s.topic, func() sarama.Client { return nil }).Backlogs(t.Context(), nil)
	require.ErrorIs(t, err, reporting.ErrUnavailable)

	client := s.client(t)
	there := func() sarama.Client { return client }
	_, err = kafka.NewTopic(testenv.Topic(t), there).Backlogs(t.Context(), nil)
	require.ErrorIs(t, err, reporting.ErrUnavailable, "there is no such topic")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = kafka.NewTopic(s.topic, there).Backlogs(ctx, nil)
	require.ErrorIs(t, err, reporting.ErrUnavailable)
}
