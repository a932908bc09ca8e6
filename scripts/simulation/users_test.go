package simulation

import (
	"maps"
	"slices"
	"strings"

	sender "ordertrack/order_service/simulation"
	"ordertrack/shared/event"
	receiver "ordertrack/track_users/simulation"
)

// users is the track_users database. What was applied is kept beside the marks and counters, to hold them against it.
type users struct {
	marks     map[receiver.Lane]int64
	counters  map[string]int64
	positions map[receiver.Stream]int64
	applied   map[receiver.Lane][]taken // in the order in which it was
	foreign   map[receiver.Stream]int64 // marks
	strange   map[int]done              // by number
}

// taken is an event that was applied.
type taken struct {
	sequence int64
	name     string // empty for one that was parked
}

func newUsers() *users {
	return &users{
		marks: map[receiver.Lane]int64{}, counters: map[string]int64{}, positions: map[receiver.Stream]int64{},
		applied: map[receiver.Lane][]taken{}, foreign: map[receiver.Stream]int64{}, strange: map[int]done{},
	}
}

func (u *users) clone() *users {
	c := &users{
		marks: maps.Clone(u.marks), counters: maps.Clone(u.counters), positions: maps.Clone(u.positions),
		applied: map[receiver.Lane][]taken{}, foreign: maps.Clone(u.foreign), strange: maps.Clone(u.strange),
	}
	for lane, events := range u.applied {
		c.applied[lane] = slices.Clip(events)
	}
	return c
}

// apply is the transaction that applies events; numbers tell the foreign ones apart, by their offsets. The decision is
// asked for twice, as it may be.
func (u *users) apply(
	scope receiver.Scope, decide func(receiver.Marks) receiver.Effects, numbers map[int64]int,
) receiver.Marks {
	before := u.locked(scope)
	decide(u.locked(scope))
	effects := decide(before)
	maps.Copy(u.marks, effects.Lanes)
	for who, count := range effects.Counts {
		u.counters[who.String()] += count.Events
	}
	if effects.Foreign != receiver.NoOffset {
		u.foreign[scope.Stream] = effects.Foreign
	}
	for _, e := range effects.Taken {
		u.take(e, slices.Contains(effects.Parked, e), numbers)
	}
	return effects.Apply(before)
}

func (u *users) take(e *receiver.Event, parked bool, numbers map[int64]int) {
	who := e.Name.String()
	if parked {
		who = ""
	}
	if !e.IsForeign() {
		u.applied[e.Place.Lane] = append(u.applied[e.Place.Lane], taken{sequence: e.Place.Sequence, name: who})
		return
	}
	number := numbers[e.Offset]
	d := u.strange[number]
	d.name = who
	if parked {
		d.parked++
	} else {
		d.counted++
	}
	u.strange[number] = d
}

func (u *users) locked(scope receiver.Scope) receiver.Marks {
	marks := receiver.Marks{Lanes: map[receiver.Lane]int64{}, Foreign: receiver.NoOffset}
	for _, lane := range scope.Lanes {
		marks.Lanes[lane] = u.marks[lane]
	}
	if mark, ok := u.foreign[scope.Stream]; ok && scope.Foreign {
		marks.Foreign = mark
	}
	return marks
}

// progress is what the sender is told.
func (u *users) progress() sender.Progress {
	p := sender.Progress{Applied: sender.Applied{}, Read: sender.Offsets{}}
	for lane, mark := range u.marks {
		id := strings.TrimPrefix(lane.Source, event.Source(""))
		if p.Applied[id] == nil {
			p.Applied[id] = map[int]int64{}
		}
		p.Applied[id][lane.Number] = mark
	}
	for stream, next := range u.positions {
		p.Read[toPartition(stream.TopicID, int(stream.Partition))] = next
	}
	return p
}
