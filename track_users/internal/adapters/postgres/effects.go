package postgres

import (
	"cmp"
	"maps"
	"slices"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/joining"
	"ordertrack/track_users/internal/domain"
)

// scope is what a transaction has to lock: the marks of all its shares, none twice, in one order for all.
type scope struct {
	lanes   []domain.Lane
	streams []domain.Stream // whose foreign marks
}

func scopeOf(shares []joining.Share) scope {
	var s scope
	for _, share := range shares {
		s.lanes = append(s.lanes, share.Scope.Lanes...)
		if share.Scope.Foreign {
			s.streams = append(s.streams, share.Scope.Stream)
		}
	}
	slices.SortFunc(s.lanes, domain.Lane.Compare)
	slices.SortFunc(s.streams, compareStreams)
	s.lanes, s.streams = slices.Compact(s.lanes), slices.Compact(s.streams)
	return s
}

func compareStreams(a, b domain.Stream) int {
	return cmp.Or(slices.Compare(a.TopicID[:], b.TopicID[:]), cmp.Compare(a.Partition, b.Partition))
}

// marks are the locked ones.
type marks struct {
	lanes   map[domain.Lane]int64
	foreign map[domain.Stream]int64
}

// of gives what a share is decided on.
func (m marks) of(s domain.Scope) domain.Marks {
	found := domain.Marks{Lanes: make(map[domain.Lane]int64, len(s.Lanes)), Foreign: domain.NoOffset}
	for _, lane := range s.Lanes {
		found.Lanes[lane] = m.lanes[lane]
	}
	if s.Foreign {
		found.Foreign = m.foreign[s.Stream]
	}
	return found
}

// effects are those of all shares of a transaction together.
type effects struct {
	counts  counts
	parked  []parked
	lanes   map[domain.Lane]int64
	foreign map[domain.Stream]int64
}

type parked struct {
	stream domain.Stream
	event  *domain.Event
}

// decide decides one share after the other, each on the marks that those before it leave.
func decide(m marks, shares []joining.Share) (total effects, after []domain.Marks) {
	total = effects{counts: counts{}, lanes: map[domain.Lane]int64{}, foreign: map[domain.Stream]int64{}}
	after = make([]domain.Marks, len(shares))
	for i, share := range shares {
		before := m.of(share.Scope)
		decided := share.Decide(before)
		after[i] = decided.Apply(before)
		total.add(share.Scope.Stream, decided)
		maps.Copy(m.lanes, decided.Lanes)
		if decided.Foreign != domain.NoOffset {
			m.foreign[share.Scope.Stream] = decided.Foreign
		}
	}
	return total, after
}

func (e *effects) add(stream domain.Stream, decided domain.Effects) {
	for who, count := range decided.Counts {
		sum := e.counts[who]
		e.counts[who] = domain.Count{Events: sum.Events + count.Events, Foreign: sum.Foreign + count.Foreign}
	}
	for _, event := range decided.Parked {
		e.parked = append(e.parked, parked{stream, event})
	}
	maps.Copy(e.lanes, decided.Lanes)
	if decided.Foreign != domain.NoOffset {
		e.foreign[stream] = decided.Foreign
	}
}

// counts say by how much counters go up.
type counts map[name.Name]domain.Count

// countColumns are counts turned on their side, in the order of names.
type countColumns struct {
	names           []string
	events, foreign []int64
}

func (c counts) columns() countColumns {
	columns := countColumns{
		names: make([]string, 0, len(c)), events: make([]int64, len(c)), foreign: make([]int64, len(c)),
	}
	for who := range c {
		columns.names = append(columns.names, who.String())
	}
	slices.Sort(columns.names)
	for i, who := range columns.names {
		count := c[name.Restore(who)]
		columns.events[i], columns.foreign[i] = count.Events, count.Foreign
	}
	return columns
}
