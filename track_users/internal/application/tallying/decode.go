package tallying

import (
	"bytes"
	"errors"
	"strings"

	"ordertrack/shared/event"
	"ordertrack/track_users/internal/domain"
)

// Decoder makes events of records. It is for one goroutine; the zero value is ready.
type Decoder struct{ decoder event.Decoder }

// Event makes an event of a record, and keeps nothing of the record's memory. One that can never be counted comes with
// its fault, and with a copy of the record.
func (d *Decoder) Event(offset int64, r event.Record) *domain.Event {
	decoded, err := d.decoder.Decode(r)
	e := &domain.Event{Name: decoded.Name, Offset: offset}
	if !decoded.Place.IsZero() {
		e.Place = domain.Place{
			Lane:     domain.Lane{Source: decoded.Place.Source, Number: decoded.Place.Lane},
			Sequence: decoded.Place.Sequence,
		}
	}
	if malformed, ok := errors.AsType[*event.Malformed](err); ok {
		e.Condemn(string(malformed.Reason), malformed.Detail, Copy(r))
	}
	return e
}

// Copy is the record to the byte, in memory of its own.
func Copy(r event.Record) *domain.Record {
	headers := make([]domain.Header, len(r.Headers))
	for i, h := range r.Headers {
		headers[i] = domain.Header{Key: strings.Clone(h.Key), Value: bytes.Clone(h.Value)}
	}
	return &domain.Record{Key: bytes.Clone(r.Key), Value: bytes.Clone(r.Value), Headers: headers}
}
