package tallying_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"go.uber.org/goleak"

	"ordertrack/shared/backoff"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/application/tallying/mocks"
	"ordertrack/track_users/internal/domain"
	"ordertrack/track_users/internal/domain/window"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const logID = "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11"

var stream = domain.Stream{Topic: "user_events", TopicID: domain.TopicID{7}, Partition: 5}

func lane(number int) domain.Lane {
	return domain.Lane{Source: event.Source(logID), Number: number}
}

func scope(numbers ...int) domain.Scope {
	s := domain.Scope{Stream: stream}
	for _, number := range numbers {
		s.Lanes = append(s.Lanes, lane(number))
	}
	return s
}

// decode makes what is read of a record.
func decode(offset int64, r event.Record) *domain.Event {
	var d tallying.Decoder
	return d.Event(offset, r)
}

// order is the record of one.
func order(who string, number int, sequence int64) event.Record {
	return event.Encode(event.Placed{
		OrderID: sequence, Name: name.Restore(who), LogID: logID, Lane: number, Sequence: sequence, PlacedAt: time.Unix(0, 0),
	})
}

// nameless is one with a place and without a name.
func nameless(number int, sequence int64) event.Record {
	r := order("x", number, sequence)
	r.Value = []byte(`{}`)
	return r
}

// bare is what any program may write to the topic.
func bare(who string) event.Record { return event.Record{Value: []byte(`{"name":"` + who + `"}`)} }

// placed, broken and foreign are read of such records.
func placed(offset int64, who string, number int, sequence int64) *domain.Event {
	return decode(offset, order(who, number, sequence))
}

func broken(offset int64, number int, sequence int64) *domain.Event {
	return decode(offset, nameless(number, sequence))
}

func foreign(offset int64, who string) *domain.Event { return decode(offset, bare(who)) }

// limits are exact: a policy of one nanosecond waits no time worth the name.
func limits() tallying.Limits {
	return tallying.Limits{
		Batch:  8,
		Window: window.Limits{Events: 100, Bytes: 1 << 20},
		Look:   backoff.Policy{Base: 100 * time.Millisecond, Max: time.Second},
		Retry:  backoff.Policy{Base: 1, Max: 1},
	}
}

// bench is a tally between mocks. What the ledger's mock lets through is done by the books.
type bench struct {
	feed   *mocks.MockFeed
	ledger *mocks.MockLedger
	meter  *mocks.MockMeter
	books  *books
	limits tallying.Limits
	all    *tallying.Neighbours
	logged bytes.Buffer
}

func setup(t *testing.T) *bench {
	ctrl := gomock.NewController(t)
	return &bench{
		feed: mocks.NewMockFeed(ctrl), ledger: mocks.NewMockLedger(ctrl), meter: mocks.NewMockMeter(ctrl),
		books: newBooks(), limits: limits(), all: tallying.NewNeighbours(),
	}
}

// unmetered lets the meter be told anything.
func (b *bench) unmetered() *bench {
	b.meter.EXPECT().Applied(gomock.Any()).AnyTimes()
	b.meter.EXPECT().Waiting(gomock.Any(), gomock.Any(), gomock.Any(), gomock.Any()).AnyTimes()
	b.meter.EXPECT().Failed(gomock.Any()).AnyTimes()
	return b
}

func (b *bench) run(ctx context.Context) error {
	log := slog.New(slog.NewTextHandler(&b.logged, nil))
	return tallying.New(stream, b.ledger, b.meter, log, b.limits, b.all).Run(ctx, b.feed)
}

// reads is a reading that gives events; the feed ends when there are none.
func (b *bench) reads(events ...*domain.Event) *gomock.Call {
	call := b.feed.EXPECT().Next(gomock.Any(), b.limits.Batch, gomock.Any())
	if len(events) == 0 {
		return call.Return(nil, io.EOF)
	}
	return call.Return(events, nil)
}

// applies is a transaction that succeeds; refuses and fails are such that do not.
func (b *bench) applies(s any) *gomock.Call {
	return b.ledger.EXPECT().Apply(gomock.Any(), s, gomock.Any()).DoAndReturn(b.books.Apply)
}

func (b *bench) fails(err error) *gomock.Call {
	return b.ledger.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).Return(domain.Marks{}, err)
}

func (b *bench) commits(offset int64) *gomock.Call { return b.feed.EXPECT().Commit(offset) }
