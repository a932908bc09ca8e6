package domain

import "ordertrack/shared/name"

// NoOffset is the foreign mark of a stream none of whose foreign events was counted yet.
const NoOffset int64 = -1

// Scope is what a batch touches: the marks that have to be held still while it is decided what of it is new.
type Scope struct {
	Stream  Stream
	Lanes   []Lane // in the order of Lane.Compare, none twice
	Foreign bool   // whether the foreign mark of Stream is among them
}

// IsEmpty tells whether there is nothing to decide.
func (s Scope) IsEmpty() bool { return len(s.Lanes) == 0 && !s.Foreign }

// Marks say how far everything is applied. They grow with lanes and partitions, not with events.
type Marks struct {
	Lanes   map[Lane]int64 // the sequence up to which a lane is applied, 0 for nothing yet
	Foreign int64          // the highest offset of a foreign event that was applied, or NoOffset
}

// Count is by how much one user's counter goes up.
type Count struct {
	Events  int64 // all of them
	Foreign int64 // those among them that are foreign: they have no order
}

// Effects are what a batch does, all of it or nothing.
type Effects struct {
	Counts  map[name.Name]Count // by how much counters go up
	Parked  []*Event            // what is parked, each with its Fault
	Lanes   map[Lane]int64      // the marks that move, and where to
	Foreign int64               // where the foreign mark moves to, or NoOffset
	Taken   []*Event            // every event that is counted or parked
}

// Apply gives the marks as they are after the effects.
func (e Effects) Apply(m Marks) Marks {
	after := Marks{Lanes: make(map[Lane]int64, len(m.Lanes)), Foreign: max(m.Foreign, e.Foreign)}
	for lane, applied := range m.Lanes {
		after.Lanes[lane] = max(applied, e.Lanes[lane])
	}
	return after
}
