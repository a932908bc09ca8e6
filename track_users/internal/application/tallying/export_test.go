package tallying

import "ordertrack/track_users/internal/domain"

// Tell tells all of marks, as a neighbour does.
func (n *Neighbours) Tell(marks map[domain.Lane]int64) { (&ear{neighbours: n}).tell(marks) }
