package domain

import "time"

// Position is how far a stream is read: everything below Next is applied, or waits for an event that lacks.
type Position struct {
	Stream Stream
	Next   int64
	At     time.Time // when that was noted
}

// Mark is how far a lane is applied.
type Mark struct {
	Lane    Lane
	Applied int64
}

// Progress is how far everything is, at one moment.
type Progress struct {
	At        time.Time
	Marks     []Mark
	Positions []Position
}
