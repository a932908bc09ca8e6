package kafka

import (
	"errors"
	"time"

	"github.com/IBM/sarama"

	"ordertrack/shared/event"
	"ordertrack/track_users/internal/domain"
)

// tailRecords is how many records at the end of a partition are looked at for the heads of its lanes: enough that a lane
// of 64 is among them, and a few hundred kilobytes. peekLimit is how long a partition's records are waited for.
const (
	tailRecords = 512
	peekLimit   = time.Second
)

// tail is what the last records of a partition say: from begin up to, but not including, end.
type tail struct {
	begin, end int64
	heads      map[domain.Lane]int64 // the highest sequence of each lane that has a record there
}

// readTail reads what lies between two offsets. What does not come in time is left out, and the tail ends before it: it
// is read again the next time.
func readTail(reader sarama.Consumer, stream domain.Stream, begin, end int64) (tail, error) {
	t := tail{begin: begin, end: begin, heads: make(map[domain.Lane]int64)}
	if begin == end {
		return t, nil
	}
	var translator translator
	err := peek(reader, stream, begin, func(m *sarama.ConsumerMessage) bool {
		t.end = m.Offset + 1
		// A record with a fault has its place all the same, if it has one at all.
		if e := translator.event(m); !e.IsForeign() {
			t.heads[e.Place.Lane] = max(t.heads[e.Place.Lane], e.Place.Sequence)
		}
		return t.end < end
	})
	return t, unlessLate(err)
}

// placedAt is when the order was placed whose event is the first at or behind an offset; zero when that does not come in
// time.
func placedAt(reader sarama.Consumer, stream domain.Stream, offset int64) (at time.Time, err error) {
	err = peek(reader, stream, offset, func(m *sarama.ConsumerMessage) bool {
		at = timeOf(m)
		return false
	})
	return at, unlessLate(err)
}

// errLate says that there may be more than what came in time.
var errLate = errors.New("no record came in time")

func unlessLate(err error) error {
	if errors.Is(err, errLate) {
		return nil
	}
	return err
}

// messageAt gives the first message at or behind an offset, nil when the log does not reach there.
func messageAt(client sarama.Client, stream domain.Stream, offset int64) (found *sarama.ConsumerMessage, err error) {
	end, err := client.GetOffset(stream.Topic, stream.Partition, sarama.OffsetNewest)
	if err != nil || end <= offset {
		return nil, err
	}
	reader, err := sarama.NewConsumerFromClient(client) // closing it leaves the client open
	if err != nil {
		return nil, err
	}
	err = peek(reader, stream, offset, func(m *sarama.ConsumerMessage) bool {
		found = m
		return false
	})
	return found, errors.Join(err, reader.Close())
}

// peek reads records from an offset on for as long as more says so, and for peekLimit at most: then it returns errLate.
func peek(reader sarama.Consumer, stream domain.Stream, from int64, more func(*sarama.ConsumerMessage) bool) (err error) {
	claim, err := reader.ConsumePartition(stream.Topic, stream.Partition, from)
	if errors.Is(err, sarama.ErrOffsetOutOfRange) {
		return nil // it was cut off meanwhile
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, claim.Close()) }()
	timer := time.NewTimer(peekLimit)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return errLate
		case m, ok := <-claim.Messages():
			if !ok || !more(m) {
				return nil
			}
		}
	}
}

// timeOf is the time that the event tells, or else the one at which its record was written.
func timeOf(m *sarama.ConsumerMessage) time.Time {
	for _, h := range m.Headers {
		if string(h.Key) == event.HeaderTime {
			if at, err := time.Parse(time.RFC3339Nano, string(h.Value)); err == nil {
				return at
			}
		}
	}
	return m.Timestamp
}
