package domain

import "time"

// Totals are what was counted, at one moment.
type Totals struct {
	At      time.Time
	Users   int64
	Counted int64 // events, the sum of all counters
	Foreign int64 // those among them that had no order
	Parked  int64 // events that could not be counted
}

// Backlog is what is in a stream and not yet read.
type Backlog struct {
	Stream Stream
	Next   int64     // offset that is read next
	End    int64     // offset that the next record will get; never below Next
	Oldest time.Time // when the order of the first record that is not read was placed; zero when that is not known
}

// Events is how many records the stream is behind.
func (b Backlog) Events() int64 { return b.End - b.Next }

// Statistics are for people who want to know how it goes.
type Statistics struct {
	Totals

	Backlogs []Backlog // of each stream of the topic; nil when the broker cannot be asked
}

// Lag is how many records are not read yet, and when the order of the oldest was placed, zero when that is not known.
func (s Statistics) Lag() (events int64, oldest time.Time) {
	for _, b := range s.Backlogs {
		events += b.Events()
		if !b.Oldest.IsZero() && (oldest.IsZero() || b.Oldest.Before(oldest)) {
			oldest = b.Oldest
		}
	}
	return events, oldest
}
