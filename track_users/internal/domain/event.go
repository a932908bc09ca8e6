package domain

import "ordertrack/shared/name"

// Event is one record of a stream: either it raises the counter of Name by one, or it has a Fault and is parked. It
// shares no memory with what it was read from, nor with other events: many of them may wait for long.
type Event struct {
	Name   name.Name // zero when the record gave none that is legal
	Place  Place
	Offset int64   // in the stream it was read from
	Fault  *Fault  // nil for an event that can be counted
	Record *Record // what was read, to be parked; nil for an event that can be counted, or when nobody has it any more
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

// Condemn gives an event up: from now on it is to be parked instead of counted, with the record if somebody has it.
func (e *Event) Condemn(reason, detail string, record *Record) {
	e.Fault, e.Record = &Fault{Reason: reason, Detail: detail}, record
}

// Sizes of what an event takes beside its bytes, rounded up: the structs, the slice headers, the allocator's rounding.
const (
	eventOverhead  = 128
	recordOverhead = 160 // with the fault that it has then
	headerOverhead = 48
)

// Size is about how many bytes of memory the event keeps. A source is not among them: events of one log share it.
func (e *Event) Size() int {
	size := eventOverhead + len(e.Name.String())
	if e.Fault != nil {
		size += recordOverhead + len(e.Fault.Detail)
	}
	if e.Record == nil {
		return size
	}
	size += len(e.Record.Key) + len(e.Record.Value)
	for _, h := range e.Record.Headers {
		size += headerOverhead + len(h.Key) + len(h.Value)
	}
	return size
}
