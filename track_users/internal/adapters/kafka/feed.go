package kafka

import (
	"context"
	"io"
	"time"

	"github.com/IBM/sarama"

	"ordertrack/track_users/internal/domain"
)

// flushEvery is how often marks are committed at most: a commit costs the broker more than the events of a moment do, and
// what is read again after a crash is dropped.
const flushEvery = 500 * time.Millisecond

// feed is one claimed partition. It implements tallying.Feed, for one goroutine.
type feed struct {
	session sarama.ConsumerGroupSession
	backlog *backlog
	stream  domain.Stream
	topicID string // goes with each committed offset
	verify  func(context.Context) error
	again   func(context.Context, *domain.Event) (*domain.Record, error)
	read    func(next int64) // told what is read and done with, or waits

	next    int64 // one past the last record given out, or NoOffset
	offset  int64 // last marked, or NoOffset
	marked  bool  // since the last flush
	flushed time.Time
}

// Next waits for the first record and takes what is there beside it.
func (f *feed) Next(ctx context.Context, limit int, patience time.Duration) ([]*domain.Event, error) {
	f.read(f.next) // who asks for more is done with what there was
	var flush, timeout <-chan time.Time
	if f.marked {
		timer := time.NewTimer(flushEvery - time.Since(f.flushed))
		defer timer.Stop()
		flush = timer.C
	}
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		timeout = timer.C
	}
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-timeout:
			return nil, nil
		case <-flush:
			f.flush()
			continue
		case <-f.backlog.some:
		}
		events, ended := f.backlog.take(limit)
		if ended {
			return nil, io.EOF
		}
		if len(events) > 0 {
			f.next = events[len(events)-1].Offset + 1
			return events, nil
		}
	}
}

// Record reads a record again.
func (f *feed) Record(ctx context.Context, e *domain.Event) (*domain.Record, error) {
	return f.again(ctx, e)
}

// Verify makes sure that the topic was not created again.
func (f *feed) Verify(ctx context.Context) error { return f.verify(ctx) }

// Commit marks the offset. It may be lower than the one that the claim began with, when the log was cut or the topic
// created again: Sarama raises an offset by one method and lowers it by another.
func (f *feed) Commit(offset int64) {
	if offset == f.offset {
		return
	}
	f.session.ResetOffset(f.stream.Topic, f.stream.Partition, offset, f.topicID)
	f.session.MarkOffset(f.stream.Topic, f.stream.Partition, offset, f.topicID)
	f.offset, f.marked = offset, true
	if time.Since(f.flushed) >= flushEvery {
		f.flush()
	}
}

func (f *feed) flush() {
	if !f.marked {
		return
	}
	f.session.Commit() // what fails is reported to the group's errors; the marks are kept for the next time
	f.marked, f.flushed = false, time.Now()
}
