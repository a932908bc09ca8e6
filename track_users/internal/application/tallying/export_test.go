package tallying

import "ordertrack/track_users/internal/domain"

// Decode shows a step of the tally.
func Decode(raw Raw) *domain.Event {
	var d decoder
	return d.decode([]Raw{raw})[0]
}
