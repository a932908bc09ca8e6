package tallying

import (
	"errors"

	"ordertrack/shared/event"
	"ordertrack/track_users/internal/domain"
)

// decoder makes events of records, a batch at a time.
type decoder struct {
	event   event.Decoder
	headers []event.Header // of the record at hand
}

// decode makes events of records. One that can never be counted comes with its fault.
func (d *decoder) decode(records []Raw) []*domain.Event {
	room, events := make([]domain.Event, len(records)), make([]*domain.Event, len(records))
	for i, raw := range records {
		events[i] = &room[i]
		d.one(raw, events[i])
	}
	return events
}

func (d *decoder) one(raw Raw, e *domain.Event) {
	d.headers = d.headers[:0]
	for _, h := range raw.Record.Headers {
		d.headers = append(d.headers, event.Header(h))
	}
	decoded, err := d.event.Decode(event.Record{Key: raw.Record.Key, Value: raw.Record.Value, Headers: d.headers})
	*e = domain.Event{Name: decoded.Name, Offset: raw.Offset, Record: raw.Record}
	if !decoded.Place.IsZero() {
		e.Place = domain.Place{
			Lane:     domain.Lane{Source: decoded.Place.Source, Number: decoded.Place.Lane},
			Sequence: decoded.Place.Sequence,
		}
	}
	if malformed, ok := errors.AsType[*event.Malformed](err); ok {
		e.Condemn(string(malformed.Reason), malformed.Detail)
	}
}
