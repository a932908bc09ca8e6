package window_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/domain"
	"ordertrack/track_users/internal/domain/window"
)

// ledger is a model of the database: what it was told to apply, and the marks.
type ledger struct {
	marks   domain.Marks
	applied []*domain.Event
}

func newLedger() *ledger {
	return &ledger{marks: domain.Marks{Lanes: map[domain.Lane]int64{}, Foreign: domain.NoOffset}}
}

// locked gives the marks of a scope as a transaction sees them.
func (l *ledger) locked(scope domain.Scope) domain.Marks {
	marks := domain.Marks{Lanes: map[domain.Lane]int64{}, Foreign: domain.NoOffset}
	for _, lane := range scope.Lanes {
		marks.Lanes[lane] = l.marks.Lanes[lane]
	}
	if scope.Foreign {
		marks.Foreign = l.marks.Foreign
	}
	return marks
}

func (l *ledger) commit(effects domain.Effects) {
	maps.Copy(l.marks.Lanes, effects.Lanes)
	l.marks.Foreign = max(l.marks.Foreign, effects.Foreign)
	l.applied = append(l.applied, effects.Taken...)
}

// settle does for a window what the tally does, and checks that a plan does not change what it is asked of.
func (l *ledger) settle(t *rapid.T, w *window.Window, all bool, limit int) {
	for scope := w.Scope(all); !scope.IsEmpty(); scope = w.Scope(false) {
		marks := l.locked(scope)
		effects := w.Plan(marks, limit)
		require.Equal(t, effects, w.Plan(marks, limit))
		require.LessOrEqual(t, len(effects.Taken), limit)
		l.commit(effects)
		w.Settle(effects.Apply(marks))
	}
}

func (l *ledger) covers(e *domain.Event) bool {
	if e.IsForeign() {
		return e.Offset <= l.marks.Foreign
	}
	return e.Place.Sequence <= l.marks.Lanes[e.Place.Lane]
}

// requireOnceInOrder holds what was applied against the promise.
func (l *ledger) requireOnceInOrder(t *rapid.T) {
	next := map[domain.Lane]int64{}
	offset := domain.NoOffset
	for _, e := range l.applied {
		if e.IsForeign() {
			require.Greater(t, e.Offset, offset)
			offset = e.Offset
			continue
		}
		next[e.Place.Lane]++
		require.Equal(t, next[e.Place.Lane], e.Place.Sequence)
	}
}

var (
	stream = domain.Stream{Topic: "user_events", TopicID: domain.TopicID{1}, Partition: 3}
	lanes  = []domain.Lane{{Source: "a", Number: 0}, {Source: "a", Number: 7}, {Source: "b", Number: 0}}
)

func eventAt(offset int64, place domain.Place) *domain.Event {
	return &domain.Event{Name: name.Restore("Ann"), Place: place, Offset: offset}
}

// drawLog gives a partition: every event of every lane at least once, in any order, with repeats and foreign ones.
func drawLog(t *rapid.T) []*domain.Event {
	places := slices.Repeat([]domain.Place{{}}, rapid.IntRange(0, 3).Draw(t, "foreign"))
	for _, lane := range lanes {
		for sequence := range rapid.Int64Range(0, 8).Draw(t, "head") {
			place := domain.Place{Lane: lane, Sequence: sequence + 1}
			places = append(places, slices.Repeat([]domain.Place{place}, rapid.IntRange(1, 2).Draw(t, "copies"))...)
		}
	}
	log := make([]*domain.Event, 0, len(places))
	for offset, place := range rapid.Permutation(places).Draw(t, "order") {
		log = append(log, eventAt(int64(offset), place))
	}
	return log
}

// read gives copies: each reading of a record makes an event of its own.
func read(log []*domain.Event, from, count int) []*domain.Event {
	part := log[from:min(from+count, len(log))]
	events := make([]*domain.Event, 0, len(part))
	for _, e := range part {
		again := *e
		events = append(events, &again)
	}
	return events
}

func TestWindow_AppliesEachEventOnceInOrderWhateverTheOrderOfDelivery(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		log, ledger := drawLog(t), newLedger()
		limits := window.Limits{Events: rapid.IntRange(1, 6).Draw(t, "events"), Bytes: rapid.IntRange(400, 4000).Draw(t, "bytes")}
		w, at := window.New(stream, limits), 0
		for rewinds := 0; at < len(log); {
			batch := read(log, at, rapid.IntRange(1, 5).Draw(t, "batch"))
			at += len(batch)
			w.Add(batch...)
			ledger.settle(t, w, rapid.Bool().Draw(t, "all"), rapid.IntRange(1, 4).Draw(t, "limit"))
			w.Trim()

			events, bytes := w.Len()
			require.LessOrEqual(t, events, limits.Events)
			require.LessOrEqual(t, bytes, limits.Bytes)
			point, ok := w.CommitPoint()
			require.True(t, ok)
			for _, e := range log[:at] {
				require.True(t, ledger.covers(e) || point <= e.Offset, "commit point %d passes %+v", point, e)
			}
			if w.Stalled() || rapid.IntRange(0, 20).Draw(t, "crash") == 0 {
				rewinds++
				require.Less(t, rewinds, 1000, "it must come to an end")
				w, at = window.New(stream, limits), int(point)
			}
		}
		ledger.requireOnceInOrder(t)
		for _, e := range log {
			require.True(t, ledger.covers(e), "%+v was never applied", e)
		}
		if point, ok := w.CommitPoint(); ok {
			require.EqualValues(t, len(log), point)
		}
	})
}

// Two consumers believe that they own the same stream: the ledger's marks are all they share.
func TestWindow_ZombieAndSuccessorCountNothingTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		log, ledger := drawLog(t), newLedger()
		limits := window.Limits{Events: 100, Bytes: 1 << 20}
		both := [2]*window.Window{window.New(stream, limits), window.New(stream, limits)}
		var at [2]int
		for at[0] < len(log) || at[1] < len(log) {
			who := rapid.IntRange(0, 1).Draw(t, "who")
			batch := read(log, at[who], 3)
			at[who] += len(batch)
			both[who].Add(batch...)
			ledger.settle(t, both[who], len(batch) == 0, 10)
			both[who].Trim()
		}
		for _, w := range both {
			ledger.settle(t, w, true, 10)
			events, bytes := w.Len()
			require.Zero(t, events)
			require.Zero(t, bytes)
		}
		ledger.requireOnceInOrder(t)
	})
}
