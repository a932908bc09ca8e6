package kafka_test

import (
	"testing"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
)

// requirePositions waits until each partition is said to be read to its end.
func (s *stage) requirePositions(t *testing.T, m member) {
	t.Helper()
	client := s.client(t)
	partitions, err := client.Partitions(s.topic)
	require.NoError(t, err)
	want := map[int32]int64{}
	for _, p := range partitions {
		end, err := client.GetOffset(s.topic, p, sarama.OffsetNewest)
		require.NoError(t, err)
		want[p] = end
	}
	got := map[int32]int64{}
	require.Eventually(t, func() bool {
		clear(got)
		for _, position := range m.Positions() {
			got[position.Stream.Partition] = position.Next
		}
		for p, next := range want {
			if at, ok := got[p]; !ok || at != next {
				return false
			}
		}
		return len(got) == len(want)
	}, limit, often, "want %v, got %v", want, got)
}

func TestConsumer_TellsHowFarItHasRead(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		s := newStage(t, addr)
		s.createTopic(t, 3)
		m := s.startReady(t)
		s.requirePositions(t, m) // of nothing

		events := s.next(60)
		s.produce(t, events[lanes:]...) // each lane lacks its first event: all of them wait
		s.requirePositions(t, m)
		require.Zero(t, s.ledger.total(), "read to the end, though nothing is applied")

		s.produce(t, events[:lanes]...)
		s.requireExact(t)
		s.requirePositions(t, m)
		m.stop()
		require.Empty(t, m.Positions(), "it knows nothing of what it does not read")
		s.requirePositions(t, s.startReady(t)) // a new one begins where the group is
	})
}

func TestConsumer_DoesNotClaimToHaveReadWhatItCannotApply(t *testing.T) {
	t.Parallel()
	s := newStage(t, testenv.Broker(t))
	s.createTopic(t, 1)
	s.produce(t, s.next(5)...)
	m := s.startReady(t)
	s.requireExact(t)
	s.requirePositions(t, m)

	s.ledger.goAway(true)
	s.produce(t, s.next(5)...)
	require.Eventually(t, func() bool { return read(s.ledger, func(l *ledger) int { return l.tries }) > 2 }, limit, often)
	positions := m.Positions() // they have been read, and tried
	require.Len(t, positions, 1)
	require.EqualValues(t, 5, positions[0].Next)
	s.ledger.goAway(false)
	s.requireExact(t)
	s.requirePositions(t, m)
}

// A log that was cut at its head leaves nothing to read: its end is where the next record will be.
func TestConsumer_BeginsAtTheOldestRecordThatIsThere(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		s := newStage(t, addr)
		s.createTopic(t, 1)
		s.produce(t, s.next(40)...)
		require.NoError(t, s.admin(t).DeleteRecords(s.topic, map[int32]int64{0: 40}))
		s.requirePositions(t, s.startReady(t))
	})
}
