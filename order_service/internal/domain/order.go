// Package domain holds what an order is. The orders stand in a log: each has a dense id, and a dense sequence number
// in its lane. It imports nothing but the standard library and the shared rules of names.
package domain

import (
	"time"

	"ordertrack/shared/name"
)

// Place is where an order stands in its log.
type Place struct {
	LogID    string // the log's id, a UUID in its usual text form
	Lane     int    // 0 to Lanes-1
	Sequence int64  // from 1, without a gap in the lane
}

// Order is an order that was placed: the log has it, for good.
type Order struct {
	ID          int64 // from 1, without a gap; a later commit has a higher one
	Name        name.Name
	Note        Note
	CreatedAt   time.Time
	Place       Place
	TraceParent string
}

// Accept makes the order of a draft that the log has given an id, a time and a sequence number.
func (d Draft) Accept(id int64, at time.Time, logID string, sequence int64) Order {
	return Order{
		ID: id, Name: d.name, Note: d.note, CreatedAt: at, TraceParent: d.traceParent,
		Place: Place{LogID: logID, Lane: d.lane, Sequence: sequence},
	}
}

// Placed is the event of an order placed: what the world may know of it. The note stays at home.
type Placed struct {
	OrderID     int64
	Name        name.Name
	PlacedAt    time.Time
	Place       Place
	TraceParent string
}
