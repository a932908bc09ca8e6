package kafka

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"
)

// committing is a session of which only the commits matter.
type committing struct {
	sarama.ConsumerGroupSession

	marked    int64
	committed []int64 // each commit's offset
}

func (*committing) ResetOffset(string, int32, int64, string)           {}
func (c *committing) MarkOffset(_ string, _ int32, at int64, _ string) { c.marked = at }
func (c *committing) Commit()                                          { c.committed = append(c.committed, c.marked) }

// A stream with an event every millisecond is not committed for each; its end is, though nothing more comes.
func TestCommitsAreFewAndTheLastIsNotForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		messages := make(chan *sarama.ConsumerMessage)
		backlog, stop := filling(t, messages)
		defer stop()
		session := &committing{}
		f := &feed{session: session, backlog: backlog, read: func(int64) {}}
		const events = 2000
		go func() {
			for offset := range int64(events) {
				messages <- message(offset, 0)
				time.Sleep(time.Millisecond)
			}
		}()
		for f.next < events {
			records, err := f.Next(t.Context(), 100, 0)
			require.NoError(t, err)
			require.NotEmpty(t, records)
			f.Commit(f.next)
		}
		require.LessOrEqual(t, len(session.committed), 2+int(events*time.Millisecond/flushEvery))

		ctx, cancel := context.WithTimeout(t.Context(), flushEvery)
		defer cancel()
		_, err := f.Next(ctx, 100, 0)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualValues(t, events, session.committed[len(session.committed)-1])
	})
}
