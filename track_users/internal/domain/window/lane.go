package window

import (
	"cmp"
	"math"
	"slices"

	"ordertrack/track_users/internal/domain"
)

// none is an offset above all others: nothing is held back.
const none int64 = math.MaxInt64

// lane is what the window knows of one lane.
type lane struct {
	waiting []*domain.Event // by sequence, none twice
	lowest  int64           // lowest offset of those waiting, or none
	applied int64           // the mark as the ledger last told it: a hint only, the ledger decides
	known   bool            // whether the ledger told it at all
	lost    lost
}

// lost remembers what was dropped. Two sequences and an offset are enough, and never grow.
type lost struct {
	low, high int64 // sequences; high is 0 when nothing is lost
	offset    int64
}

// insert puts an event at its place in the lane. A repeat of one that waits is not held twice; the one already there
// was read before it, so it has the lower offset, which is the one that counts for the commit point.
func (l *lane) insert(e *domain.Event) bool {
	at, found := slices.BinarySearchFunc(l.waiting, e.Place.Sequence, bySequence)
	if found {
		return false
	}
	l.waiting = slices.Insert(l.waiting, at, e)
	l.lowest = min(l.lowest, e.Offset)
	return true
}

// due tells whether the ledger may have something to decide: a repeat, the next event, or a lane it was not asked for.
func (l *lane) due() bool {
	return len(l.waiting) > 0 && (!l.known || l.waiting[0].Place.Sequence <= l.applied+1)
}

// need is the mark at which the first event that waits or was dropped is next.
func (l *lane) need() int64 {
	need := none
	if len(l.waiting) > 0 {
		need = l.waiting[0].Place.Sequence - 1
	}
	if l.lost.high > 0 {
		need = min(need, l.lost.low-1)
	}
	return need
}

// run is what can be applied when everything up to applied is.
func (l *lane) run(applied int64, limit int) []*domain.Event {
	from, _ := slices.BinarySearchFunc(l.waiting, applied+1, bySequence)
	to := from
	for to < len(l.waiting) && to-from < limit && l.waiting[to].Place.Sequence == applied+1+int64(to-from) {
		to++
	}
	return l.waiting[from:to]
}

// settle forgets what the ledger has applied and gives what it forgot.
func (l *lane) settle(applied int64) []*domain.Event {
	l.applied, l.known = applied, true
	if applied >= l.lost.high {
		l.lost = lost{offset: none}
	}
	end, found := slices.BinarySearchFunc(l.waiting, applied, bySequence)
	if found {
		end++
	}
	gone := slices.Clone(l.waiting[:end])
	l.waiting = slices.Delete(l.waiting, 0, end)
	if end > 0 {
		l.measure()
	}
	return gone
}

// ahead is how far the last event that waits is ahead of what is applied; 0 when none waits.
func (l *lane) ahead() int64 {
	if len(l.waiting) == 0 {
		return 0
	}
	return l.waiting[len(l.waiting)-1].Place.Sequence - l.applied
}

// drop gives up the event furthest ahead and remembers that it was there.
func (l *lane) drop() *domain.Event {
	last := len(l.waiting) - 1
	e := l.waiting[last]
	l.waiting = slices.Delete(l.waiting, last, last+1)
	sequence := e.Place.Sequence
	if l.lost.high == 0 {
		l.lost = lost{low: sequence, high: sequence, offset: e.Offset}
	} else {
		l.lost.low = min(l.lost.low, sequence)
		l.lost.high = max(l.lost.high, sequence)
		l.lost.offset = min(l.lost.offset, e.Offset)
	}
	if e.Offset == l.lowest { // seldom: what is furthest ahead was read late, as a rule
		l.measure()
	}
	return e
}

// stalled tells whether the next event was here, may have been dropped, and has not come again.
func (l *lane) stalled() bool {
	next := l.applied + 1
	if l.lost.high == 0 || next < l.lost.low || next > l.lost.high {
		return false
	}
	return len(l.waiting) == 0 || l.waiting[0].Place.Sequence > next
}

// floor is the lowest offset that must not be committed past.
func (l *lane) floor() int64 { return min(l.lowest, l.lost.offset) }

func (l *lane) measure() {
	l.lowest = none
	for _, e := range l.waiting {
		l.lowest = min(l.lowest, e.Offset)
	}
}

func bySequence(e *domain.Event, sequence int64) int { return cmp.Compare(e.Place.Sequence, sequence) }
