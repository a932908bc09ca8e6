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

// raw makes what is read of a record.
func raw(offset int64, r event.Record) tallying.Raw {
	read := tallying.Raw{Offset: offset, Record: domain.Record{Key: r.Key, Value: r.Value}}
	for _, h := range r.Headers {
		read.Record.Headers = append(read.Record.Headers, domain.Header(h))
	}
	return read
}

// placed is the record of an order.
func placed(offset int64, who string, number int, sequence int64) tallying.Raw {
	return raw(offset, event.Encode(event.Placed{
		OrderID: sequence, Name: name.Restore(who), LogID: logID, Lane: number, Sequence: sequence, PlacedAt: time.Unix(0, 0),
	}))
}

// broken is one with a place and without a name.
func broken(offset int64, number int, sequence int64) tallying.Raw {
	r := placed(offset, "x", number, sequence)
	r.Record.Value = []byte(`{}`)
	return r
}

// foreign is what any program may write to the topic.
func foreign(offset int64, who string) tallying.Raw {
	return raw(offset, event.Record{Value: []byte(`{"name":"` + who + `"}`)})
}

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

// reads is a reading that gives records; the feed ends when there are none.
func (b *bench) reads(records ...tallying.Raw) *gomock.Call {
	call := b.feed.EXPECT().Next(gomock.Any(), b.limits.Batch, gomock.Any())
	if len(records) == 0 {
		return call.Return(nil, io.EOF)
	}
	return call.Return(records, nil)
}

// applies is a transaction that succeeds; refuses and fails are such that do not.
func (b *bench) applies(s any) *gomock.Call {
	return b.ledger.EXPECT().Apply(gomock.Any(), s, gomock.Any()).DoAndReturn(b.books.Apply)
}

func (b *bench) fails(err error) *gomock.Call {
	return b.ledger.EXPECT().Apply(gomock.Any(), gomock.Any(), gomock.Any()).Return(domain.Marks{}, err)
}

func (b *bench) commits(offset int64) *gomock.Call { return b.feed.EXPECT().Commit(offset) }
