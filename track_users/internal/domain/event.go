package domain

import (
	"bytes"
	"strings"

	"ordertrack/shared/name"
)

// Event is one record of a stream: either it raises the counter of Name by one, or it has a Fault and is parked.
type Event struct {
	Name   name.Name // zero when the record gave none that is legal
	Place  Place
	Offset int64 // in the stream it was read from
	Record Record
	Fault  *Fault // nil for an event that can be counted
}

// Record is what was read, to the byte.
type Record struct {
	Key, Value []byte // nil differs from empty
	Headers    []Header
}

// Header is one header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Fault says why an event can never be counted.
type Fault struct {
	Reason string // a short stable code
	Detail string // for people
}

// IsForeign tells whether the event has no place in a log.
func (e *Event) IsForeign() bool { return e.Place.IsZero() }

// Condemn gives an event up: from now on it is to be parked instead of counted.
func (e *Event) Condemn(reason, detail string) { e.Fault = &Fault{Reason: reason, Detail: detail} }

// Sizes of what an event takes beside its bytes, rounded up: the structs, the slice headers, the allocator's rounding.
const (
	eventOverhead  = 256
	headerOverhead = 48
)

// Size is about how many bytes of memory the event keeps once it is detached.
func (e *Event) Size() int {
	size := eventOverhead + len(e.Name.String()) + len(e.Place.Lane.Source) + len(e.Record.Key) + len(e.Record.Value)
	for _, h := range e.Record.Headers {
		size += headerOverhead + len(h.Key) + len(h.Value)
	}
	return size
}

// Detached is a copy that shares nothing with the transport, nor with the events that were read with it: a few bytes of
// a record would keep the whole response alive that it came in.
func (e *Event) Detached() *Event {
	headers := make([]Header, len(e.Record.Headers))
	for i, h := range e.Record.Headers {
		headers[i] = Header{Key: strings.Clone(h.Key), Value: bytes.Clone(h.Value)}
	}
	return &Event{
		Name:   name.Restore(strings.Clone(e.Name.String())),
		Place:  Place{Lane: Lane{Source: strings.Clone(e.Place.Lane.Source), Number: e.Place.Lane.Number}, Sequence: e.Place.Sequence},
		Offset: e.Offset,
		Record: Record{Key: bytes.Clone(e.Record.Key), Value: bytes.Clone(e.Record.Value), Headers: headers},
		Fault:  e.Fault,
	}
}
