package kafka

import (
	"testing"
	"testing/synctest"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"ordertrack/track_users/internal/domain"
)

// message is that of an event, or of so many bytes that make none.
func message(offset int64, size int) *sarama.ConsumerMessage {
	if size == 0 {
		return &sarama.ConsumerMessage{Offset: offset, Value: []byte(`{"name":"Ann"}`)}
	}
	return &sarama.ConsumerMessage{Offset: offset, Value: make([]byte, size)}
}

// filling is a backlog that is being filled, in a bubble of synctest.
func filling(t *testing.T, messages <-chan *sarama.ConsumerMessage) (b *backlog, stop func()) {
	t.Helper()
	b = newBacklog()
	stopped, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		b.fill(messages, stopped)
	}()
	return b, func() {
		close(stopped)
		<-done
	}
}

func offsets(events []*domain.Event) []int64 {
	got := make([]int64, 0, len(events))
	for _, e := range events {
		got = append(got, e.Offset)
	}
	return got
}

func TestABatchIsAsLargeAsTheBacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		messages := make(chan *sarama.ConsumerMessage)
		b, stop := filling(t, messages)
		defer stop()
		for offset := range int64(5) {
			messages <- message(offset, 0)
		}
		synctest.Wait()
		<-b.some
		taken, ended := b.take(3)
		require.Equal(t, []int64{0, 1, 2}, offsets(taken))
		require.False(t, ended)
		<-b.some // for what is left
		taken, _ = b.take(3)
		require.Equal(t, []int64{3, 4}, offsets(taken))
		taken, ended = b.take(3)
		require.Empty(t, taken)
		require.False(t, ended)
	})
}

// A topic full of large records takes no more memory than one of small ones.
func TestTheBacklogIsBoundInEventsAndInBytes(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct{ size, want int }{
		"small":               {size: 0, want: aheadEvents},
		"large":               {size: aheadBytes/4 + 1, want: 3},
		"larger than allowed": {size: 2 * aheadBytes, want: 1},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				messages := make(chan *sarama.ConsumerMessage, 3*aheadEvents)
				for offset := range int64(2*aheadEvents + 5) {
					messages <- message(offset, c.size)
					if int(offset) > 2*c.want {
						break
					}
				}
				b, stop := filling(t, messages)
				defer stop()
				for want := int64(0); want < int64(2*c.want); want += int64(c.want) {
					synctest.Wait()
					taken, _ := b.take(10 * aheadEvents)
					require.Len(t, taken, c.want)
					require.Equal(t, want, taken[0].Offset, "what waited for room comes next")
				}
			})
		})
	}
}

func TestTheEndComesAfterTheLastRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		messages := make(chan *sarama.ConsumerMessage, 1)
		b, stop := filling(t, messages)
		messages <- message(7, 0)
		close(messages)
		synctest.Wait()
		<-b.some
		taken, ended := b.take(10)
		require.Equal(t, []int64{7}, offsets(taken))
		require.False(t, ended)
		<-b.some
		_, ended = b.take(10)
		require.True(t, ended)
		stop()
	})
}

func TestAFullBacklogCanBeLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		messages := make(chan *sarama.ConsumerMessage, 2)
		messages <- message(0, 2*aheadBytes)
		messages <- message(1, 0)
		_, stop := filling(t, messages)
		synctest.Wait()
		stop() // would wait for ever
	})
}
