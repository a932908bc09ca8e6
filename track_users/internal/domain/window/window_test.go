package window_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/domain"
	"ordertrack/track_users/internal/domain/window"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var roomy = window.Limits{Events: 100, Bytes: 1 << 20}

func sequence(offset, n int64) *domain.Event {
	return eventAt(offset, domain.Place{Lane: lanes[0], Sequence: n})
}

func marksAt(applied int64) domain.Marks {
	return domain.Marks{Lanes: map[domain.Lane]int64{lanes[0]: applied}, Foreign: domain.NoOffset}
}

func requireCommitPoint(t *testing.T, w *window.Window, want int64) {
	t.Helper()
	point, ok := w.CommitPoint()
	require.True(t, ok)
	require.Equal(t, want, point)
}

func TestWindow_EmptyHasNoCommitPointAndNothingToDecide(t *testing.T) {
	t.Parallel()
	w := window.New(stream, roomy)
	_, ok := w.CommitPoint()
	require.False(t, ok)
	require.True(t, w.Scope(true).IsEmpty())
	require.False(t, w.Stalled())
}

func TestWindow_EarlyEventHoldsTheCommitPointUntilTheGapIsFilled(t *testing.T) {
	t.Parallel()
	w := window.New(stream, roomy)
	w.Add(sequence(10, 2), sequence(11, 3))
	require.Equal(t, []domain.Lane{lanes[0]}, w.Scope(false).Lanes, "a lane the ledger was not asked for")
	require.Empty(t, w.Plan(marksAt(0), 10).Taken)
	require.Zero(t, w.Settle(marksAt(0)))
	require.True(t, w.Scope(false).IsEmpty(), "nothing is next")
	require.False(t, w.Scope(true).IsEmpty(), "another consumer may have applied what is missing")
	requireCommitPoint(t, w, 10)

	w.Add(sequence(12, 1))
	effects := w.Plan(marksAt(0), 10)
	require.Equal(t, map[domain.Lane]int64{lanes[0]: 3}, effects.Lanes)
	require.Equal(t, map[name.Name]domain.Count{name.Restore("Ann"): {Events: 3}}, effects.Counts)
	require.Equal(t, 3, w.Settle(effects.Apply(marksAt(0))))
	requireCommitPoint(t, w, 13)
}

func TestWindow_RepeatOfAWaitingEventKeepsTheLowerOffset(t *testing.T) {
	t.Parallel()
	w := window.New(stream, roomy)
	require.Zero(t, w.Add(sequence(5, 2)))
	require.Equal(t, 1, w.Add(sequence(6, 2)))
	events, _ := w.Len()
	require.Equal(t, 1, events)
	requireCommitPoint(t, w, 5)
}

func TestWindow_ForgetsWhatAnotherConsumerApplied(t *testing.T) {
	t.Parallel()
	w := window.New(stream, roomy)
	w.Add(sequence(5, 2), sequence(6, 3), sequence(7, 5))
	require.Equal(t, 2, w.Settle(marksAt(3)))
	requireCommitPoint(t, w, 7)
}

func TestWindow_DropsWhatIsFurthestAheadAndReadsOn(t *testing.T) {
	t.Parallel()
	w := window.New(stream, window.Limits{Events: 2, Bytes: 1 << 20})
	w.Add(sequence(0, 9), sequence(1, 3), sequence(2, 2), sequence(3, 8))
	w.Settle(marksAt(0))
	require.Equal(t, 2, w.Trim())
	events, _ := w.Len()
	require.Equal(t, 2, events)
	requireCommitPoint(t, w, 0)

	w.Add(sequence(4, 1))
	effects := w.Plan(marksAt(0), 10)
	require.Len(t, effects.Taken, 3, "1 with 2 and 3, which are nearest, and so were kept")
	w.Settle(effects.Apply(marksAt(0)))
	requireCommitPoint(t, w, 0)
	require.False(t, w.Stalled(), "4 to 7 were never here: to read again would not help")

	w.Settle(marksAt(7))
	require.True(t, w.Stalled(), "8 was here and is gone")
	w.Settle(marksAt(9))
	require.False(t, w.Stalled())
	requireCommitPoint(t, w, 5)
}

// Another consumer applied what was missing, after all that waited for it here had been dropped.
func TestWindow_LooksAlsoForLanesOfWhichEverythingWasDropped(t *testing.T) {
	t.Parallel()
	w := window.New(stream, window.Limits{Events: 0, Bytes: 1 << 20})
	require.False(t, w.Behind())
	w.Add(sequence(0, 2), sequence(1, 3))
	w.Settle(marksAt(0))
	require.Equal(t, 2, w.Trim())
	events, _ := w.Len()
	require.Zero(t, events)
	require.True(t, w.Behind())
	require.True(t, w.Scope(false).IsEmpty())
	require.Equal(t, []domain.Lane{lanes[0]}, w.Scope(true).Lanes)

	w.Settle(marksAt(1))
	require.True(t, w.Stalled(), "2 was here and is gone")
	w.Settle(marksAt(3))
	require.False(t, w.Stalled())
	require.False(t, w.Behind())
	require.True(t, w.Scope(true).IsEmpty())
	requireCommitPoint(t, w, 2)
}

func TestWindow_PlanStopsAtTheLimitAndGoesOnFromThere(t *testing.T) {
	t.Parallel()
	w := window.New(stream, roomy)
	w.Add(eventAt(0, domain.Place{}), eventAt(1, domain.Place{}), sequence(2, 1), sequence(3, 2),
		eventAt(4, domain.Place{Lane: lanes[1], Sequence: 1}))
	marks := domain.Marks{Lanes: map[domain.Lane]int64{lanes[0]: 0, lanes[1]: 0}, Foreign: domain.NoOffset}
	taken := make([][]int64, 0, 3)
	for range 3 {
		effects := w.Plan(marks, 2)
		offsets := make([]int64, 0, 2)
		for _, e := range effects.Taken {
			offsets = append(offsets, e.Offset)
		}
		taken = append(taken, offsets)
		marks = effects.Apply(marks)
	}
	require.Equal(t, [][]int64{{0, 1}, {2, 3}, {4}}, taken)
	require.Empty(t, w.Plan(marks, 2).Taken)
	require.Equal(t, 5, w.Settle(marks))
	require.True(t, w.Scope(false).IsEmpty())
	requireCommitPoint(t, w, 5)
}

func TestWindow_PlanCountsEachNameAndForeignEventsApart(t *testing.T) {
	t.Parallel()
	w := window.New(stream, roomy)
	bob, bad := eventAt(1, domain.Place{}), eventAt(2, domain.Place{})
	bob.Name = name.Restore("Bob")
	bad.Condemn("value_empty", "there is no value", nil)
	w.Add(eventAt(0, domain.Place{}), bob, bad, sequence(3, 1))
	effects := w.Plan(marksAt(0), 10)
	require.Equal(t, map[name.Name]domain.Count{
		name.Restore("Ann"): {Events: 2, Foreign: 1}, name.Restore("Bob"): {Events: 1, Foreign: 1},
	}, effects.Counts)
	require.Equal(t, []*domain.Event{bad}, effects.Parked)
	require.Len(t, effects.Taken, 4)
	require.EqualValues(t, 2, effects.Foreign, "a parked event moves the mark like any other")
}

func TestWindow_ScopeNamesLanesInTheOrderOfTheirLocks(t *testing.T) {
	t.Parallel()
	w := window.New(stream, roomy)
	for offset, lane := range []domain.Lane{lanes[2], lanes[1], lanes[0], lanes[1]} {
		w.Add(eventAt(int64(offset), domain.Place{Lane: lane, Sequence: 1}))
	}
	require.Equal(t, domain.Scope{Stream: stream, Lanes: lanes}, w.Scope(false))
	w.Add(eventAt(4, domain.Place{}))
	require.Equal(t, domain.Scope{Stream: stream, Lanes: lanes, Foreign: true}, w.Scope(false))
}

// What was applied long ago is read again after a restart: only the ledger knows, and it must be asked.
func TestWindow_RepeatOfAnAppliedEventIsDroppedByTheMark(t *testing.T) {
	t.Parallel()
	w := window.New(stream, roomy)
	w.Add(sequence(0, 1))
	w.Settle(marksAt(4))
	require.Zero(t, w.Add(sequence(1, 3)), "not a repeat of one that waits")
	require.False(t, w.Scope(false).IsEmpty())
	require.Empty(t, w.Plan(marksAt(4), 10).Taken)
	require.Equal(t, 1, w.Settle(marksAt(4)))
	requireCommitPoint(t, w, 2)
}

func TestWindow_IsNotStalledWhenTheDroppedEventIsBack(t *testing.T) {
	t.Parallel()
	w := window.New(stream, window.Limits{Events: 0, Bytes: 1 << 20})
	w.Add(sequence(0, 2))
	w.Settle(marksAt(0))
	require.Equal(t, 1, w.Trim())
	require.False(t, w.Stalled(), "1 comes first")
	w.Settle(marksAt(1))
	require.True(t, w.Stalled())
	w.Add(sequence(1, 2))
	require.False(t, w.Stalled())
}

func TestWindow_OfSeveralLanesTheOneFurthestAheadLosesFirst(t *testing.T) {
	t.Parallel()
	w := window.New(stream, window.Limits{Events: 2, Bytes: 1 << 20})
	ahead, behind := domain.Place{Lane: lanes[0], Sequence: 900}, domain.Place{Lane: lanes[1], Sequence: 1000}
	w.Add(eventAt(0, ahead), eventAt(1, behind), eventAt(2, domain.Place{Lane: lanes[1], Sequence: 1001}))
	w.Settle(domain.Marks{Lanes: map[domain.Lane]int64{lanes[0]: 0, lanes[1]: 998}, Foreign: domain.NoOffset})
	require.Equal(t, 1, w.Trim())
	require.Empty(t, w.Plan(domain.Marks{Lanes: map[domain.Lane]int64{lanes[0]: 899}}, 10).Taken, "it was dropped")
	require.Len(t, w.Plan(domain.Marks{Lanes: map[domain.Lane]int64{lanes[1]: 999}}, 10).Taken, 2)
}

func TestWindow_ByteLimitCounts(t *testing.T) {
	t.Parallel()
	one := sequence(0, 2)
	w := window.New(stream, window.Limits{Events: 100, Bytes: one.Size()})
	w.Add(one, sequence(1, 3))
	require.Equal(t, 1, w.Trim())
	_, bytes := w.Len()
	require.Equal(t, one.Size(), bytes)
}

func TestWindow_ForeignEventsAreTakenOnceByTheirOffset(t *testing.T) {
	t.Parallel()
	w := window.New(stream, roomy)
	w.Add(eventAt(4, domain.Place{}), eventAt(6, domain.Place{}))
	require.True(t, w.Scope(false).Foreign)
	requireCommitPoint(t, w, 4)
	effects := w.Plan(domain.Marks{Foreign: 4}, 10)
	require.Len(t, effects.Taken, 1)
	require.EqualValues(t, 6, effects.Foreign)
	require.Equal(t, 2, w.Settle(domain.Marks{Foreign: 6}))
	requireCommitPoint(t, w, 7)
}

func TestWindow_FaultyEventIsParkedInItsOrder(t *testing.T) {
	t.Parallel()
	w := window.New(stream, roomy)
	faulty := sequence(0, 2)
	faulty.Condemn("name_missing", "the value has no name", nil)
	w.Add(faulty)
	require.Empty(t, w.Plan(marksAt(0), 10).Parked, "1 comes first")
	w.Add(sequence(1, 1))
	effects := w.Plan(marksAt(0), 10)
	require.Equal(t, []*domain.Event{faulty}, effects.Parked)
	require.Equal(t, map[name.Name]domain.Count{name.Restore("Ann"): {Events: 1}}, effects.Counts, "both are of one name")
	require.Equal(t, map[domain.Lane]int64{lanes[0]: 2}, effects.Lanes)
}

func TestWindow_MadeUpLogsDoNotGrowItForEver(t *testing.T) {
	t.Parallel()
	w := window.New(stream, window.Limits{Events: 10, Bytes: 1 << 20})
	const flood = 4600
	forgotten := map[domain.Lane]int64{} // the offsets of what they lost
	for i := range int64(flood) {
		lane := domain.Lane{Source: fmt.Sprintf("log %d", i)}
		forgotten[lane] = i
		w.Add(eventAt(i, domain.Place{Lane: lane, Sequence: 2}))
		if i%100 == 99 {
			w.Trim()
		}
	}
	require.LessOrEqual(t, w.Lanes(), 4096)
	requireCommitPoint(t, w, 0)

	remembered := domain.Marks{Lanes: map[domain.Lane]int64{}, Foreign: domain.NoOffset}
	for _, lane := range w.Scope(true).Lanes {
		remembered.Lanes[lane] = 2
		delete(forgotten, lane)
	}
	w.Settle(remembered)
	require.Len(t, forgotten, flood-4096)
	requireCommitPoint(t, w, slices.Min(slices.Collect(maps.Values(forgotten))))
}

func BenchmarkWindow_InOrder(b *testing.B) {
	b.ReportAllocs()
	w := window.New(stream, window.Limits{Events: 1 << 16, Bytes: 1 << 25})
	marks := marksAt(0)
	for offset := int64(0); b.Loop(); offset++ {
		w.Add(sequence(offset, offset+1))
		if offset%1000 == 999 {
			marks = w.Plan(marks, 1000).Apply(marks)
			w.Settle(marks)
			w.Trim()
		}
	}
}

// The window is full, and all that comes is dropped again.
func BenchmarkWindow_Full(b *testing.B) {
	const full, lane, batch = 1 << 16, 6, 1000
	w := window.New(stream, window.Limits{Events: full, Bytes: 1 << 30})
	marks := domain.Marks{Lanes: map[domain.Lane]int64{}, Foreign: domain.NoOffset}
	offset := int64(0)
	add := func() {
		key := domain.Lane{Source: "a", Number: int(offset % lane)}
		w.Add(eventAt(offset, domain.Place{Lane: key, Sequence: 2 + offset/lane}))
		marks.Lanes[key] = 0
		offset++
	}
	for range full {
		add()
	}
	w.Settle(marks)
	w.Trim()
	for b.Loop() {
		for range batch {
			add()
		}
		w.Trim()
	}
	b.ReportMetric(float64(batch)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func TestWindow_TellsWhatMarkItNeeds(t *testing.T) {
	t.Parallel()
	w := window.New(stream, window.Limits{Events: 1, Bytes: 1 << 20})
	require.Empty(t, w.Needs())
	w.Add(sequence(5, 4), sequence(6, 7))
	w.Settle(marksAt(1))
	require.Equal(t, map[domain.Lane]int64{lanes[0]: 3}, w.Needs(), "the first one that waits")
	require.Equal(t, 1, w.Trim())
	w.Settle(marksAt(4))
	require.Equal(t, map[domain.Lane]int64{lanes[0]: 6}, w.Needs(), "what was dropped")
	require.False(t, w.Hear(lanes[0], 6), "nothing waits that is due")
	require.False(t, w.Stalled(), "only the ledger makes it rewind")
	require.False(t, w.Hear(lanes[1], 6), "an unknown lane")
	w.Settle(marksAt(7))
	require.Empty(t, w.Needs())
}

func TestWindow_AHintMakesALaneDueAndDecidesNothing(t *testing.T) {
	t.Parallel()
	w := window.New(stream, roomy)
	w.Add(sequence(5, 4))
	w.Settle(marksAt(1))
	require.False(t, w.Hear(lanes[0], 2))
	require.True(t, w.Scope(false).IsEmpty())
	require.True(t, w.Hear(lanes[0], 3))
	require.Equal(t, []domain.Lane{lanes[0]}, w.Scope(false).Lanes)
	requireCommitPoint(t, w, 5)

	require.Empty(t, w.Plan(marksAt(2), 10).Taken, "the ledger does not know of it")
	w.Settle(marksAt(2))
	require.True(t, w.Scope(false).IsEmpty())
	requireCommitPoint(t, w, 5)
}
