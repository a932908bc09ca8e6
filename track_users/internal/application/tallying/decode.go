package tallying

import (
	"errors"

	"ordertrack/shared/event"
	"ordertrack/track_users/internal/domain"
)

// decode makes an event of a record. One that can never be counted comes with its fault.
func decode(raw Raw) *domain.Event {
	decoded, err := event.Decode(event.Record{
		Key: raw.Record.Key, Value: raw.Record.Value, Headers: headers(raw.Record.Headers),
	})
	e := &domain.Event{Name: decoded.Name, Offset: raw.Offset, Record: raw.Record}
	if !decoded.Place.IsZero() {
		e.Place = domain.Place{
			Lane:     domain.Lane{Source: decoded.Place.Source, Number: decoded.Place.Lane},
			Sequence: decoded.Place.Sequence,
		}
	}
	if malformed, ok := errors.AsType[*event.Malformed](err); ok {
		e.Condemn(string(malformed.Reason), malformed.Detail)
	}
	return e
}

func headers(from []domain.Header) []event.Header {
	to := make([]event.Header, len(from))
	for i, h := range from {
		to[i] = event.Header(h)
	}
	return to
}
