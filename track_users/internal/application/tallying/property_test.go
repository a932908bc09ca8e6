package tallying_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ordertrack/shared/backoff"
	"ordertrack/shared/event"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
	"ordertrack/track_users/internal/domain/window"
)

// world is a topic of two partitions that share some lanes, a ledger that fails now and then, and what should come out.
type world struct {
	*rapid.T

	books      *books
	limits     tallying.Limits
	all        *tallying.Neighbours
	partitions [2]*partition
	calm       bool // nothing fails any more

	counters map[string]int64
	parked   int
}

// partition is a feed that repeats, reorders and breaks. Between two readings it lets the other partition be counted.
type partition struct {
	*world

	stream    domain.Stream
	records   []event.Record
	at        int
	committed int64
	verified  bool // since the last foreign event was read
	idle      int
}

var errBroken = errors.New("the session was lost")

func (w *world) once(of int, what string) bool {
	return !w.calm && rapid.IntRange(0, of-1).Draw(w.T, what) == 0
}

func newWorld(t *rapid.T) *world {
	w := &world{T: t, books: newBooks(), all: tallying.NewNeighbours(), counters: map[string]int64{}, limits: tallying.Limits{
		Batch:  rapid.IntRange(1, 6).Draw(t, "batch"),
		Window: window.Limits{Events: rapid.IntRange(0, 6).Draw(t, "events"), Bytes: rapid.IntRange(600, 6000).Draw(t, "bytes")},
		Look:   backoff.Policy{Base: 1, Max: 1}, Retry: backoff.Policy{Base: 1, Max: 1},
	}}
	for i := range w.partitions {
		s := stream
		s.Partition = int32(i)
		w.partitions[i] = &partition{world: w, stream: s}
	}
	w.write()
	w.books.lose = func() error { return w.unavailable("lose") }
	w.books.refuse = func(effects domain.Effects) error {
		for who := range effects.Counts {
			if who.String() == "Bad" {
				return errRefused
			}
		}
		return w.unavailable("refuse")
	}
	return w
}

func (w *world) unavailable(what string) error {
	if w.once(6, what) {
		return fmt.Errorf("%s: %w", what, tallying.ErrUnavailable)
	}
	return nil
}

// write fills the topic: every event of each lane at least once, on either partition, in any order.
func (w *world) write() {
	all := make([]event.Record, 0, 3*7*3+5)
	draw := func() (who string, broken bool) {
		who = rapid.SampledFrom([]string{"Ann", "Bob", "Bad", ""}).Draw(w.T, "name")
		if broken = who == ""; broken || who == "Bad" {
			w.parked++
		} else {
			w.counters[who]++
		}
		return who, broken
	}
	for number := range 3 {
		for sequence := range rapid.Int64Range(0, 7).Draw(w.T, "head") {
			record := nameless(number, sequence+1)
			if who, isBroken := draw(); !isBroken {
				record = order(who, number, sequence+1)
			}
			for range rapid.IntRange(1, 3).Draw(w.T, "copies") {
				all = append(all, record)
			}
		}
	}
	for range rapid.IntRange(0, 5).Draw(w.T, "foreign") {
		who, _ := draw()
		all = append(all, bare(who))
	}
	if len(all) == 0 {
		return
	}
	for _, record := range rapid.Permutation(all).Draw(w.T, "order") {
		p := rapid.SampledFrom(w.partitions[:]).Draw(w.T, "partition")
		p.records = append(p.records, record)
	}
}

// session counts a partition from its committed offset on, until the feed ends or breaks.
func (p *partition) session(ctx context.Context, ledger tallying.Ledger) {
	p.at, p.idle, p.verified = int(p.committed), 0, true
	log := slog.New(slog.DiscardHandler)
	err := tallying.New(p.stream, ledger, quiet{}, log, p.limits, p.all).Run(ctx, p)
	if err != nil && !errors.Is(err, tallying.ErrRewind) && !errors.Is(err, errBroken) {
		require.NoError(p.T, err)
	}
}

// Next implements the feed. At the end of the partition it stays for a while, as the other one may bring what is missing.
func (p *partition) Next(_ context.Context, limit int, patience time.Duration) ([]*domain.Event, error) {
	switch {
	case p.once(10, "break"):
		return nil, errBroken
	case p.at == len(p.records) && (patience == 0 || p.idle > 3):
		return nil, io.EOF
	case p.at == len(p.records):
		p.idle++
		time.Sleep(patience) // a nanosecond or two: it is what a look waits for
		return nil, nil
	}
	count := rapid.IntRange(1, limit).Draw(p.T, "count")
	batch := make([]*domain.Event, min(count, len(p.records)-p.at))
	for i := range batch {
		batch[i] = decode(int64(p.at), p.records[p.at])
		p.verified = p.verified && !batch[i].IsForeign()
		p.at++
	}
	return batch, nil
}

// Record implements the feed.
func (p *partition) Record(_ context.Context, e *domain.Event) (*domain.Record, error) {
	if err := p.unavailable("record"); err != nil {
		return nil, err
	}
	return tallying.Copy(p.records[e.Offset]), nil
}

// Verify implements the feed.
func (p *partition) Verify(context.Context) error {
	if err := p.unavailable("verify"); err != nil {
		return err
	}
	p.verified = true
	return nil
}

// Commit implements the feed, and holds the offset against the ledger.
func (p *partition) Commit(offset int64) {
	require.LessOrEqual(p.T, offset, int64(p.at))
	for at, record := range p.records[:offset] {
		e := decode(int64(at), record)
		if e.IsForeign() {
			mark, ok := p.books.foreign[p.stream]
			require.True(p.T, ok && mark >= e.Offset, "committed %d, past %d", offset, e.Offset)
			continue
		}
		require.GreaterOrEqual(p.T, p.books.lanes[e.Place.Lane], e.Place.Sequence, "committed %d, past %d", offset, e.Offset)
	}
	p.committed = offset
}

// between is the ledger as a partition reaches it; now and then the other consumer is faster.
type between struct {
	*partition

	other *partition
}

func (b between) Apply(ctx context.Context, scope domain.Scope, decide func(domain.Marks) domain.Effects) (domain.Marks, error) {
	if scope.Foreign {
		require.True(b.T, b.verified, "foreign events are applied unverified")
	}
	if b.other != nil && b.once(4, "other") {
		b.other.session(ctx, between{partition: b.other})
	}
	return b.books.Apply(ctx, scope, decide)
}

// quiet is a meter that nobody reads.
type quiet struct{}

func (quiet) Applied(tallying.Applied)             {}
func (quiet) Waiting(domain.Stream, int, int, int) {}
func (quiet) Failed(error)                         {}

func TestTally_CountsEveryEventExactlyOnceWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		total := len(w.partitions[0].records) + len(w.partitions[1].records)
		for session := 0; w.partitions[0].left()+w.partitions[1].left() > 0; session++ {
			require.Less(t, session, 40+4*total, "it must come to an end")
			w.calm = session > 20
			which := session % 2
			mine, other := w.partitions[which], w.partitions[1-which]
			mine.session(t.Context(), between{partition: mine, other: other})
		}
		require.Equal(t, w.counters, w.books.counters)
		require.Len(t, w.books.parked, w.parked)
		for _, e := range w.books.parked {
			require.NotNil(t, e.Record)
		}
		requireInOrder(t, w.books.taken)
	})
}

func (p *partition) left() int { return len(p.records) - int(p.committed) }

// requireInOrder holds what was applied against the order of its lanes: each from 1, without a gap or a repeat.
func requireInOrder(t *rapid.T, events []*domain.Event) {
	next := map[domain.Lane]int64{}
	for _, e := range events {
		if e.IsForeign() {
			continue
		}
		next[e.Place.Lane]++
		require.Equal(t, next[e.Place.Lane], e.Place.Sequence)
	}
}
