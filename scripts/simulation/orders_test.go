package simulation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	sender "ordertrack/order_service/simulation"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
)

// orders is the orders database: what is committed, and nothing else.
type orders struct {
	log     string // the one that is written
	rows    []sender.Placed
	heads   map[sender.LogLane]int64 // of all logs
	cursor  int64
	writers map[int]written // by identity
}

func newOrders(log string) *orders {
	return &orders{log: log, heads: map[sender.LogLane]int64{}, writers: map[int]written{}}
}

func (o *orders) clone() *orders {
	c := *o
	c.rows, c.heads, c.writers = slices.Clone(o.rows), maps.Clone(o.heads), maps.Clone(o.writers)
	return &c
}

// append is the transaction that places an order.
func (o *orders) append(who name.Name, trace string) sender.Placed {
	lane := sender.LogLane{LogID: o.log, Lane: event.LaneOf(who)}
	o.heads[lane]++
	placed := sender.Placed{
		OrderID: int64(len(o.rows) + 1), Name: who, PlacedAt: time.Unix(0, 0), TraceParent: trace,
		Place: sender.Place{LogID: lane.LogID, Lane: lane.Lane, Sequence: o.heads[lane]},
	}
	o.rows = append(o.rows, placed)
	return placed
}

func (o *orders) next(limit int) []sender.Placed {
	rest := o.rows[min(o.cursor, int64(len(o.rows))):]
	return slices.Clone(rest[:min(limit, len(rest))])
}

// advance moves the cursor, never back.
func (o *orders) advance(id int64) { o.cursor = max(o.cursor, id) }

// lacking are the published events that are next to be applied.
func (o *orders) lacking(applied sender.Applied) []sender.Place {
	var places []sender.Place
	for _, lane := range o.lanes() {
		place := sender.Place{LogID: lane.LogID, Lane: lane.Lane, Sequence: applied[lane.LogID][lane.Lane] + 1}
		if len(o.from(place, 1)) > 0 {
			places = append(places, place)
		}
	}
	return places
}

// from reads the published events of a lane.
func (o *orders) from(place sender.Place, limit int) []sender.Placed {
	var found []sender.Placed
	for _, row := range o.rows[:min(o.cursor, int64(len(o.rows)))] {
		if row.Place.LogLane() == place.LogLane() && row.Place.Sequence >= place.Sequence && len(found) < limit {
			found = append(found, row)
		}
	}
	return found
}

// behind tells whether the receiver has applied more of the log that is written than was placed in it.
func (o *orders) behind(applied sender.Applied) bool {
	for lane, mark := range applied[o.log] {
		if mark > o.heads[sender.LogLane{LogID: o.log, Lane: lane}] {
			return true
		}
	}
	return false
}

func (o *orders) lanes() []sender.LogLane {
	return slices.SortedFunc(maps.Keys(o.heads), func(a, b sender.LogLane) int {
		return cmp.Or(cmp.Compare(a.LogID, b.LogID), cmp.Compare(a.Lane, b.Lane))
	})
}

// logID is the id of the log number n.
func logID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }
