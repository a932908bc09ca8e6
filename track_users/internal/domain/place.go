package domain

import (
	"cmp"
	"strings"
)

// Lane is one numbered sequence of events of one log. A user's events are all in the same lane of a log.
type Lane struct {
	Source string // the log, as its events name it
	Number int
}

// Compare orders lanes by source, then by number: the order in which their marks are locked.
func (l Lane) Compare(other Lane) int {
	return cmp.Or(strings.Compare(l.Source, other.Source), cmp.Compare(l.Number, other.Number))
}

// Place is where an event stands in its log. The zero value is no place at all: a foreign event, written by a program
// that knows nothing of lanes.
type Place struct {
	Lane     Lane
	Sequence int64 // from 1, without gaps in its lane
}

// IsZero tells whether there is no place.
func (p Place) IsZero() bool { return p == Place{} }
