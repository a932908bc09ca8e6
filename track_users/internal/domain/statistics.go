package domain

import (
	"cmp"
	"slices"
	"time"
)

// Totals are what was counted, at one moment.
type Totals struct {
	At      time.Time
	Users   int64
	Counted int64 // events, the sum of all counters
	Foreign int64 // those among them that had no order
	Parked  int64 // events that could not be counted
}

// Backlog is what is in a stream and not yet read.
type Backlog struct {
	Stream Stream
	Next   int64          // offset that is read next
	End    int64          // offset that the next record will get; never below Next
	Oldest time.Time      // when the order of the first record that is not read was placed; zero when that is not known
	Heads  map[Lane]int64 // the highest sequence of each lane among the stream's last records
}

// Events is how many records the stream is behind.
func (b Backlog) Events() int64 { return b.End - b.Next }

// Statistics are for people who want to know how it goes.
type Statistics struct {
	Totals

	Marks    []Mark    // read before the backlogs
	Backlogs []Backlog // of each stream of the topic; nil when the broker cannot be asked
}

// Lag is how many records are not read yet, and when the order of the oldest was placed, zero when that is not known.
func (s Statistics) Lag() (events int64, oldest time.Time) {
	for _, b := range s.Backlogs {
		events += b.Events()
		if !b.Oldest.IsZero() && (oldest.IsZero() || b.Oldest.Before(oldest)) {
			oldest = b.Oldest
		}
	}
	return events, oldest
}

// LaneLag is how far a lane is behind what is known to be in the topic.
type LaneLag struct {
	Lane    Lane
	Applied int64
	Head    int64 // the highest sequence that is known to be in the topic; never below Applied
}

// Events is how many events of the lane are known to be in the topic and not applied.
func (l LaneLag) Events() int64 { return l.Head - l.Applied }

// Lanes are all lanes in their order, limit of them at most: those that are the furthest behind. The rest is leftOut.
func (s Statistics) Lanes(limit int) (lanes []LaneLag, leftOut int) {
	heads := make(map[Lane]int64, len(s.Marks))
	for _, b := range s.Backlogs {
		for lane, head := range b.Heads {
			heads[lane] = max(heads[lane], head)
		}
	}
	lanes = make([]LaneLag, 0, len(s.Marks))
	for _, mark := range s.Marks {
		lanes = append(lanes, LaneLag{mark.Lane, mark.Applied, max(heads[mark.Lane], mark.Applied)})
		delete(heads, mark.Lane)
	}
	for lane, head := range heads { // nothing of these is applied yet
		lanes = append(lanes, LaneLag{Lane: lane, Head: head})
	}
	inOrder := func(a, b LaneLag) int { return a.Lane.Compare(b.Lane) }
	if leftOut = max(0, len(lanes)-limit); leftOut > 0 {
		slices.SortFunc(lanes, func(a, b LaneLag) int { return cmp.Or(cmp.Compare(b.Events(), a.Events()), inOrder(a, b)) })
		lanes = lanes[:limit]
	}
	slices.SortFunc(lanes, inOrder)
	return lanes, leftOut
}
