package window

import (
	"cmp"

	"ordertrack/track_users/internal/domain"
)

// Limits bound what may wait after a Trim. Between two of them one batch comes on top.
type Limits struct {
	Events int
	Bytes  int // of memory, about
}

// maxLanes bounds how many lanes are remembered. A log has 64, and a stream carries a part of those; only somebody who
// makes up logs goes over it.
const maxLanes = 4096

// Window holds what was read of a stream and not applied yet.
type Window struct {
	stream  domain.Stream
	limits  Limits
	lanes   map[domain.Lane]*lane
	foreign []*domain.Event // by offset
	events  int             // waiting in lanes
	bytes   int
	next    int64 // one past the last offset read
	floor   int64 // lowest offset that was dropped in a lane not remembered any more
}

// New gives an empty window for what will be read of a stream.
func New(stream domain.Stream, limits Limits) *Window {
	return &Window{
		stream: stream, limits: limits, lanes: make(map[domain.Lane]*lane), next: domain.NoOffset, floor: none,
	}
}

// Add takes in what was read, in the order of offsets. It gives how many were repeats of what waits already.
// What the ledger has applied before is taken in as well: only the ledger knows it for certain.
func (w *Window) Add(events ...*domain.Event) (repeats int) {
	for _, e := range events {
		w.next = e.Offset + 1
		if e.IsForeign() {
			w.foreign = append(w.foreign, e)
			continue
		}
		if !w.lane(e.Place.Lane).insert(e) {
			repeats++
			continue
		}
		w.events++
		w.bytes += e.Size()
	}
	return repeats
}

func (w *Window) lane(key domain.Lane) *lane {
	l, ok := w.lanes[key]
	if !ok {
		l = &lane{lowest: none, lost: lost{offset: none}}
		w.lanes[key] = l
	}
	return l
}

// Len is how many events wait for an earlier one, and about how many bytes they take.
func (w *Window) Len() (events, bytes int) { return w.events, w.bytes }

// CommitPoint is the offset to go on from after a restart: the lowest one that was read and is not applied, else one
// past the last one read. It is false before anything was read.
func (w *Window) CommitPoint() (offset int64, ok bool) {
	point := min(w.next, w.floor)
	for _, l := range w.lanes {
		point = min(point, l.floor())
	}
	if len(w.foreign) > 0 {
		point = min(point, w.foreign[0].Offset)
	}
	return point, w.next != domain.NoOffset
}

// Behind tells whether anything that was read is not applied yet, be it waiting or dropped: another consumer may apply
// what comes before it, and only the ledger's marks tell that.
func (w *Window) Behind() bool {
	point, ok := w.CommitPoint()
	return ok && point < w.next
}

// Needs is what mark each lane must reach for something of it that was read to become due.
func (w *Window) Needs() map[domain.Lane]int64 {
	needs := make(map[domain.Lane]int64)
	for key, l := range w.lanes {
		if l.floor() != none {
			needs[key] = l.need()
		}
	}
	return needs
}

// Hear takes a hint of how far a lane is applied. It tells whether an event that waits is due by it; Scope has the lane
// then, and the ledger decides.
func (w *Window) Hear(key domain.Lane, applied int64) (due bool) {
	l, ok := w.lanes[key]
	if !ok || len(l.waiting) == 0 || l.waiting[0].Place.Sequence > applied+1 {
		return false
	}
	l.applied = max(l.applied, applied)
	return true
}

// Stalled tells whether a lane can only go on with an event that was here and was dropped: it is time to read again
// from the commit point. After that the event is the next one of its lane and not dropped again, so every such rewind
// brings its lane forward.
func (w *Window) Stalled() bool {
	for _, l := range w.lanes {
		if l.stalled() {
			return true
		}
	}
	return false
}

// Trim keeps the limits: it drops what is furthest ahead, and gives how many events that were.
// Call it when Scope has nothing left, so that no next event can be dropped.
func (w *Window) Trim() (dropped int) {
	for w.events > w.limits.Events || w.bytes > w.limits.Bytes {
		e := w.furthest().drop()
		w.events--
		w.bytes -= e.Size()
		dropped++
	}
	w.forget()
	return dropped
}

// furthest is the lane whose last event is the furthest ahead; the first of those that are so equally.
func (w *Window) furthest() *lane {
	var (
		found *lane
		at    domain.Lane
	)
	for key, l := range w.lanes {
		if len(l.waiting) == 0 || found != nil && cmp.Or(cmp.Compare(found.ahead(), l.ahead()), key.Compare(at)) > 0 {
			continue
		}
		found, at = l, key
	}
	return found
}

// forget keeps the number of lanes in bounds, those first of which nothing but a hint is forgotten. What any other had
// lost holds the commit point back for good.
func (w *Window) forget() {
	for _, sacrifice := range []bool{false, true} {
		for key, l := range w.lanes {
			if len(w.lanes) <= maxLanes {
				return
			}
			if len(l.waiting) == 0 && (sacrifice || l.lost.high == 0) {
				w.floor = min(w.floor, l.lost.offset)
				delete(w.lanes, key)
			}
		}
	}
}
