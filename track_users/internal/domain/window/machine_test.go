package window_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ordertrack/track_users/internal/domain"
	"ordertrack/track_users/internal/domain/window"
)

// heads is how many events each lane has. Some are written to the partition at hand, some to another one, some to both.
const heads = 6

// machine is a partition and its consumer, with another consumer on the same ledger.
type machine struct {
	limits    window.Limits
	ledger    *ledger
	faulty    map[domain.Place]bool
	log       []*domain.Event // the partition: offsets are indexes
	window    *window.Window
	at        int   // what is read next
	committed int64 // where a restart goes on
}

func newMachine(t *rapid.T) *machine {
	m := &machine{
		limits: window.Limits{
			Events: rapid.IntRange(1, 5).Draw(t, "events"),
			Bytes:  rapid.IntRange(300, 2000).Draw(t, "bytes"),
		},
		ledger: newLedger(), faulty: map[domain.Place]bool{},
	}
	for _, lane := range lanes {
		at := rapid.Int64Range(0, heads).Draw(t, "faulty")
		m.faulty[domain.Place{Lane: lane, Sequence: at}] = true
	}
	m.window = window.New(stream, m.limits)
	return m
}

// Write puts an event on the partition: a new one, a repeat, or one that is too early or too late.
func (m *machine) Write(t *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(t, "count") {
		place := domain.Place{}
		if which := rapid.IntRange(0, len(lanes)).Draw(t, "lane"); which < len(lanes) {
			place = domain.Place{Lane: lanes[which], Sequence: rapid.Int64Range(1, heads).Draw(t, "sequence")}
		}
		e := eventAt(int64(len(m.log)), place)
		if m.faulty[place] {
			e.Condemn("value_empty", "there is no value", nil)
		}
		m.log = append(m.log, e)
	}
}

func (m *machine) Read(t *rapid.T) {
	batch := read(m.log, m.at, rapid.IntRange(0, 4).Draw(t, "batch"))
	m.at += len(batch)
	m.window.Add(batch...)
	m.turn(t, false)
}

// Look asks for the lanes that wait, as is done from time to time.
func (m *machine) Look(t *rapid.T) { m.turn(t, true) }

// Elsewhere lets another consumer apply what is next in a lane.
func (m *machine) Elsewhere(t *rapid.T) { m.elsewhere(rapid.SampledFrom(lanes).Draw(t, "lane")) }

func (m *machine) elsewhere(lane domain.Lane) {
	next := domain.Place{Lane: lane, Sequence: m.ledger.marks.Lanes[lane] + 1}
	if next.Sequence > heads {
		return
	}
	m.ledger.commit(domain.Effects{
		Lanes: map[domain.Lane]int64{lane: next.Sequence}, Foreign: domain.NoOffset,
		Taken: []*domain.Event{eventAt(0, next)},
	})
}

// Restart forgets all but the ledger and the committed offset, as a crash does.
func (m *machine) Restart(*rapid.T) { m.window, m.at = window.New(stream, m.limits), int(m.committed) }

func (m *machine) turn(t *rapid.T, all bool) {
	m.ledger.settle(t, m.window, all, rapid.IntRange(1, 4).Draw(t, "limit"))
	before, _ := m.window.Len()
	dropped := m.window.Trim()
	events, bytes := m.window.Len()
	require.Equal(t, before-dropped, events)
	require.LessOrEqual(t, events, m.limits.Events)
	require.LessOrEqual(t, bytes, m.limits.Bytes)
	if point, ok := m.window.CommitPoint(); ok {
		m.committed = point
	}
	if m.window.Stalled() {
		m.Restart(t)
	}
}

// Check holds after every step.
func (m *machine) Check(t *rapid.T) {
	m.ledger.requireOnceInOrder(t)
	for _, e := range m.log[:min(int(m.committed), len(m.log))] {
		require.True(t, m.ledger.covers(e), "committed %d, past %+v", m.committed, e)
	}
	if point, ok := m.window.CommitPoint(); ok {
		for _, e := range m.log[:m.at] {
			require.True(t, point <= e.Offset || m.ledger.covers(e), "commit point %d is past %+v", point, e)
		}
		require.Equal(t, point < int64(m.at), m.window.Behind())
	}
	events, bytes := m.window.Len()
	counted, weighed := m.window.Recount()
	require.Equal(t, counted, events)
	require.Equal(t, weighed, bytes)
}

// finish delivers everything and lets the other consumer apply what never comes here. The window has to get there by
// itself: nothing is restarted but what it asks for.
func (m *machine) finish(t *rapid.T) {
	written := map[domain.Place]bool{}
	for _, e := range m.log {
		written[e.Place] = true
	}
	for range 1000 {
		for m.at < len(m.log) {
			m.Read(t)
			m.Check(t)
		}
		if m.turn(t, true); m.at < len(m.log) {
			continue
		}
		before := maps.Clone(m.ledger.marks.Lanes)
		for _, lane := range lanes {
			if !written[domain.Place{Lane: lane, Sequence: m.ledger.marks.Lanes[lane] + 1}] {
				m.elsewhere(lane)
			}
		}
		if maps.Equal(before, m.ledger.marks.Lanes) {
			break
		}
	}
}

func TestWindow_ComesToAnEndBesideAnotherConsumerAndThroughRestarts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		t.Repeat(rapid.StateMachineActions(m))
		m.finish(t)
		for _, lane := range lanes {
			require.EqualValues(t, heads, m.ledger.marks.Lanes[lane], "%+v", lane)
		}
		for _, e := range m.log {
			require.True(t, m.ledger.covers(e), "%+v was never applied", e)
		}
		require.EqualValues(t, len(m.log), m.committed)
		require.False(t, m.window.Behind())
		events, bytes := m.window.Len()
		require.Zero(t, events)
		require.Zero(t, bytes)
	})
}
