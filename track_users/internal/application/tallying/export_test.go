package tallying

import "ordertrack/track_users/internal/domain"

// Decode shows a step of the tally.
func Decode(raw Raw) *domain.Event {
	var d decoder
	return d.decode([]Raw{raw})[0]
}

// Tell tells all of marks, as a neighbour does.
func (n *Neighbours) Tell(marks map[domain.Lane]int64) { (&ear{neighbours: n}).tell(marks) }
