package domain

// Status says how far an order's event is known to be. It is worked out from marks and kept nowhere: it may be behind
// the truth, and is never ahead of it.
type Status int

// The states that an order goes through, in their order.
const (
	Accepted  Status = iota // the log has it
	Published               // Kafka has acknowledged its event
	Counted                 // the receiver has dealt with its event
)

// String is the status as it is told.
func (s Status) String() string {
	switch s {
	case Published:
		return "published"
	case Counted:
		return "counted"
	case Accepted:
		return "accepted"
	default:
		return "unknown"
	}
}

// Has tells whether the receiver has applied the event of this place.
func (a Applied) Has(p Place) bool { return a[p.LogID][p.Lane] >= p.Sequence }
