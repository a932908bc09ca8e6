package kafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/event"
	"ordertrack/track_users/internal/adapters/kafka"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/application/tallying/feedtest"
	"ordertrack/track_users/internal/domain"
)

func TestFeedContract(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		feedtest.Exercise(t, func(t *testing.T) feedtest.Stream {
			s := newStage(t, addr)
			s.createTopic(t, 1)
			return partition{s}
		})
	})
}

// partition is a topic's only one. It implements feedtest.Stream.
type partition struct{ stage *stage }

func (p partition) Write(t *testing.T, records ...domain.Record) {
	t.Helper()
	events := make([]event.Record, len(records))
	for i, r := range records {
		events[i] = event.Record{Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			events[i].Headers = append(events[i].Headers, event.Header(h))
		}
	}
	p.stage.produce(t, events...)
}

func (p partition) Replace(t *testing.T) {
	t.Helper()
	require.NoError(t, p.stage.admin(t).DeleteTopic(p.stage.topic))
	p.stage.createTopic(t, 1)
}

func (p partition) Open(t *testing.T) feedtest.Session {
	t.Helper()
	lent := make(lender)
	consumer := kafka.New(kafka.Settings{Brokers: []string{p.stage.addr}, Topic: p.stage.topic, Group: groups + p.stage.topic},
		p.stage.config, func(domain.Stream) kafka.Tally { return lent }, p.stage.log.Logger())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- consumer.Run(ctx) }()
	r := &reader{lent: lent, end: cancel, ended: ended}
	t.Cleanup(func() { r.Close(t) })
	r.borrow(t)
	return r
}

// reader is a consumer that counts nothing, and its feed. It implements feedtest.Session.
type reader struct {
	loan

	lent   lender
	end    context.CancelFunc
	ended  chan error
	closed bool
}

func (r *reader) Context() context.Context { return r.ctx }

func (r *reader) End() { r.end() }

func (r *reader) Again(t *testing.T) feedtest.Session {
	t.Helper()
	close(r.returned)
	r.returned = nil
	r.borrow(t)
	return r
}

func (r *reader) Close(t *testing.T) {
	t.Helper()
	if r.closed {
		return
	}
	r.closed = true
	r.end()
	if r.returned != nil {
		close(r.returned)
	}
	select {
	case err := <-r.ended:
		require.NoError(t, err)
	case <-time.After(limit):
		require.FailNow(t, "the consumer does not stop")
	}
}

func (r *reader) borrow(t *testing.T) {
	t.Helper()
	select {
	case r.loan = <-r.lent:
	case <-time.After(limit):
		require.FailNow(t, "no session begins")
	}
}

// lender is a tally that lends its feed, and runs until it is returned.
type lender chan loan

type loan struct {
	tallying.Feed

	ctx      context.Context
	returned chan struct{}
}

func (l lender) Run(ctx context.Context, feed tallying.Feed) error {
	returned := make(chan struct{})
	select {
	case l <- loan{feed, ctx, returned}:
		<-returned
	case <-ctx.Done():
	}
	return nil
}
