package kafka_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/event"
	"ordertrack/track_users/internal/adapters/kafka"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// The topic is made by whoever comes first, and everything that may be on it is dealt with.
func TestConsumer_CountsWhateverTheOrder(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		s := newStage(t, addr)
		m := s.startReady(t)
		partitions, err := s.client(t).Partitions(s.topic)
		require.NoError(t, err)
		require.Len(t, partitions, kafka.Partitions)

		records := s.next(600)
		records = append(records, records[100:300]...)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		for i := range 20 {
			records = slices.Insert(records, i*30, s.foreign("stranger"))
		}
		s.produce(t, records...)
		s.requireExact(t)
		require.Equal(t, domain.Count{Events: 20, Foreign: 20}, read(s.ledger, func(l *ledger) domain.Count { return l.counts["stranger"] }))
		m.stop()
		s.requireCommitted(t)
	})
}

func TestConsumer_ParksWhatCanNeverBeCounted(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		s := newStage(t, addr)
		s.createTopic(t, 1)
		spoiled := s.next(3*lanes + 1)
		at := 2 * lanes // an event of lane 0, between two good ones
		spoiled[at].Value = []byte("\x00 no JSON")
		s.produced["user of lane 0"]--
		s.produce(t, append(slices.Clone(spoiled), event.Record{Key: []byte("tombstone")}, s.foreign("stranger"))...)
		s.startReady(t)
		s.requireExact(t)

		parked := read(s.ledger, func(l *ledger) []domain.Event { return slices.Clone(l.parked) })
		require.Len(t, parked, 2)
		slices.SortFunc(parked, func(a, b domain.Event) int { return int(a.Offset - b.Offset) })
		require.EqualValues(t, at, parked[0].Offset)
		require.Equal(t, spoiled[at].Value, parked[0].Record.Value)
		require.Len(t, parked[0].Record.Headers, len(spoiled[at].Headers))
		require.Equal(t, "value_undecodable", parked[0].Fault.Reason)
		require.Equal(t, domain.Lane{Source: event.Source(logID), Number: 0}, parked[0].Place.Lane)
		require.Equal(t, "value_empty", parked[1].Fault.Reason)
		require.Nil(t, parked[1].Record.Value, "a tombstone stays one")
		require.Equal(t, "tombstone", string(parked[1].Record.Key))
	})
}

// A stop finishes and commits what was taken, so that the next start reads nothing twice.
func TestConsumer_GoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		s := newStage(t, addr)
		s.createTopic(t, 3)
		for range 3 {
			m := s.startReady(t)
			s.produce(t, append(s.next(400), s.foreign("stranger"))...)
			require.Eventually(t, func() bool { return s.ledger.total() > 0 }, limit, often)
			m.stop() // in the middle
			m = s.startReady(t)
			s.requireExact(t)
			m.stop()
			s.requireCommitted(t)
		}
		require.Zero(t, s.meter.sum().Repeats)
	})
}

// Members come and go, one of them while the other one counts. Nothing is lost, and nothing is counted twice.
func TestConsumer_Rebalances(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		s := newStage(t, addr)
		s.createTopic(t, 4)
		first := s.startReady(t)
		s.produce(t, append(s.next(500), s.foreign("stranger"))...)
		s.startReady(t)
		s.produce(t, append(s.next(500), s.foreign("stranger"))...)
		require.Eventually(t, func() bool { return s.log.Contains("partitions=2") }, limit, often, "they do not share")
		s.produce(t, s.next(500)...)
		first.stop()
		s.produce(t, append(s.next(500), s.foreign("stranger"))...)
		s.requireExact(t)
	})
}

// A lane moves to another partition when the topic grows. Its events may be read there before the earlier ones are,
// by another member that knows nothing of those.
func TestConsumer_FollowsATopicThatGrows(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		s := newStage(t, addr)
		s.config.Metadata.RefreshFrequency = 200 * time.Millisecond
		s.createTopic(t, 1)
		s.startReady(t)
		s.startReady(t)
		s.produce(t, s.next(300)...)
		require.NoError(t, s.admin(t).CreatePartitions(s.topic, 4, nil, false))
		client := s.client(t)
		require.Eventually(t, func() bool {
			partitions, err := client.Partitions(s.topic)
			require.NoError(t, client.RefreshMetadata(s.topic))
			return err == nil && len(partitions) == 4
		}, limit, often)
		s.produce(t, s.next(600)...)
		s.requireExact(t)
	})
}

// While the database is away for longer than the session timeout, the member stays one: no generation begins, and
// nothing is lost. The stop does not wait for the database either.
func TestConsumer_StaysAMemberWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		s := newStage(t, addr)
		s.config.ChannelBufferSize = 4 // so that Sarama has more at hand than the claim takes
		s.config.Consumer.MaxProcessingTime = 100 * time.Millisecond
		s.limits.Batch = 10
		s.createTopic(t, 3)
		m := s.startReady(t)
		s.ledger.goAway(true)
		s.produce(t, s.next(500)...)
		begin := time.Now()
		require.Eventually(t, func() bool {
			return time.Since(begin) > s.config.Consumer.Group.Session.Timeout+3*time.Second
		}, limit, often)
		groupsOf, err := s.admin(t).DescribeConsumerGroups([]string{groups + s.topic})
		require.NoError(t, err)
		require.Equal(t, "Stable", groupsOf[0].State)
		require.Len(t, groupsOf[0].Members, 1)
		require.NoError(t, m.Ready(t.Context()))

		s.ledger.goAway(false)
		s.requireExact(t)
		require.Equal(t, 1, strings.Count(s.log.String(), "joined the consumer group"))

		s.ledger.goAway(true)
		s.produce(t, s.next(100)...)
		require.Eventually(t, func() bool { return read(s.ledger, func(l *ledger) int { return l.tries }) > 0 }, limit, often)
		begin = time.Now()
		m.stop()
		require.Less(t, time.Since(begin), 5*time.Second)
		s.ledger.goAway(false)
		s.startReady(t)
		s.requireExact(t)
	})
}

// A topic that is deleted and created again begins at offset 0, though the group has committed higher ones.
func TestConsumer_ReadsATopicThatWasCreatedAgain(t *testing.T) {
	t.Parallel()
	for title, whileRunning := range map[string]bool{"while it runs": true, "while it is stopped": false} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			testenv.Brokers(t, func(t *testing.T, addr string) {
				s := newStage(t, addr)
				s.createTopic(t, 1)
				m := s.startReady(t)
				s.produce(t, append(s.next(20), s.foreign("stranger"))...)
				s.requireExact(t)
				if !whileRunning {
					m.stop()
				}
				require.NoError(t, s.admin(t).DeleteTopic(s.topic))
				s.createTopic(t, 1)
				records := append(s.next(40), s.foreign("stranger"), s.foreign("stranger"))
				s.produce(t, append([]event.Record{s.foreign("stranger")}, records...)...)
				if !whileRunning {
					m = s.startReady(t)
				}
				s.requireExact(t)
				m.stop()
				s.requireCommitted(t)
			})
		})
	}
}

// A log that was cut at its end has lost offsets that the group has committed.
func TestConsumer_ReadsALogThatWasCutFromTheBeginning(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		s := newStage(t, addr)
		s.createTopic(t, 1)
		s.produce(t, append(s.next(30), s.foreign("stranger"))...)
		s.commitAs(t, 1000)
		m := s.startReady(t)
		s.requireExact(t)
		m.stop()
		s.requireCommitted(t)
	})
}

// Who sets the group's offset by hand wants it so.
func TestConsumer_BeginsWhereSomebodyPutIt(t *testing.T) {
	t.Parallel()
	s := newStage(t, testenv.Broker(t))
	s.createTopic(t, 1)
	s.produce(t, s.foreign("Ann"), s.foreign("Bob"))
	delete(s.produced, "Ann")
	s.commitAs(t, 1)
	s.startReady(t)
	s.requireExact(t)
}

// second is a tally that commits its second record's offset, and then does nothing more until it has to end.
type second struct{ committed chan struct{} }

func (s second) Run(ctx context.Context, feed tallying.Feed) error {
	for range 2 {
		records, err := feed.Next(ctx, 1, 0)
		if err != nil {
			return err
		}
		feed.Commit(records[0].Offset + 1)
	}
	close(s.committed)
	<-ctx.Done()
	return nil
}

func TestConsumer_KeepsTheLastOffsetWhenItStops(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		s := newStage(t, addr)
		tally := second{make(chan struct{})}
		s.tally = func(domain.Stream) kafka.Tally { return tally }
		s.createTopic(t, 1)
		s.produce(t, s.next(2)...)
		m := s.startReady(t)
		select {
		case <-tally.committed:
		case <-time.After(limit):
			require.FailNow(t, "the records do not come")
		}
		m.stop()
		s.requireCommitted(t)
	})
}

// A consumer outlives its broker, is not ready while that is away, and comes back by itself.
func TestConsumer_OutlivesItsBroker(t *testing.T) {
	t.Parallel()
	own := testenv.OwnBroker(t, broker.Embedded)
	s := newStage(t, own.Addr())
	s.createTopic(t, 3)
	m := s.startReady(t)
	s.produce(t, append(s.next(200), s.foreign("stranger"))...)
	s.requireExact(t)
	require.NoError(t, own.Kill())
	require.Eventually(t, func() bool { return s.log.Contains("starts over") }, limit, often)
	require.NoError(t, own.Restart(t.Context()))
	s.produce(t, append(s.next(200), s.foreign("stranger"))...)
	s.requireExact(t)
	require.Eventually(t, func() bool { return m.Ready(t.Context()) == nil }, limit, often)
}

func TestConsumer_WaitsForABrokerAndStopsMeanwhile(t *testing.T) {
	t.Parallel()
	own := testenv.OwnBroker(t, broker.Embedded)
	require.NoError(t, own.Kill())
	s := newStage(t, own.Addr())
	m := s.start(t)
	require.Eventually(t, func() bool { return s.log.Contains("waiting for Kafka") }, limit, often)
	require.Error(t, m.Ready(t.Context()))
	require.Nil(t, m.Client())
	m.stop()
}
