package domain

import (
	"errors"
	"fmt"

	"ordertrack/shared/name"
)

// Lanes is the number of lanes the log is divided into. A name always travels in the same lane.
const Lanes = 64

// What can be wrong with a draft.
var (
	ErrNoName = errors.New("a draft needs a name")
	ErrLane   = fmt.Errorf("a lane is a number from 0 to %d", Lanes-1)
)

// Draft is an order that a client asked for and that has no place in the log yet.
type Draft struct {
	name        name.Name
	note        Note
	lane        int
	traceParent string
}

// NewDraft makes a draft. traceParent is the caller's trace context (W3C traceparent); empty for none.
// The errors are ErrNoName and ErrLane, wrapped.
func NewDraft(who name.Name, note Note, lane int, traceParent string) (Draft, error) {
	if who.IsZero() {
		return Draft{}, ErrNoName
	}
	if lane < 0 || lane >= Lanes {
		return Draft{}, fmt.Errorf("%w, not %d", ErrLane, lane)
	}
	return Draft{name: who, note: note, lane: lane, traceParent: traceParent}, nil
}

// Name is who orders.
func (d Draft) Name() name.Name { return d.name }

// Note is what they wrote beside it.
func (d Draft) Note() Note { return d.note }

// Lane is where the order will be numbered: 0 to Lanes-1.
func (d Draft) Lane() int { return d.lane }

// TraceParent is the caller's trace context; empty for none.
func (d Draft) TraceParent() string { return d.traceParent }
