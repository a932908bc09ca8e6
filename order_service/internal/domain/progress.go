package domain

import "time"

// Applied says how far the receiver has applied the lanes of logs, by log id and lane: every sequence up to this one. A
// lane that is missing has nothing applied.
type Applied map[string]map[int]int64

// LogLane is one lane of one log.
type LogLane struct {
	LogID string
	Lane  int
}

// LogLane is the lane of the log that the place lies in.
func (p Place) LogLane() LogLane { return LogLane{LogID: p.LogID, Lane: p.Lane} }

// Partition is a partition of one topic. Its id tells the topic from another one that had the same name before.
type Partition struct {
	TopicID string
	Number  int32
}

// Offsets are positions in partitions: of the next record to come, or to be read.
type Offsets map[Partition]int64

// Cover tells whether these positions are at or past all of the others. A partition that is missing is at its beginning.
func (o Offsets) Cover(others Offsets) bool {
	for partition, offset := range others {
		if o[partition] < offset {
			return false
		}
	}
	return true
}

// Progress is how far the receiver is, at one moment: everything that it has read below Read is applied, or waits for an
// event that it lacks.
type Progress struct {
	Applied Applied
	Read    Offsets
}

// Heads are how far the log and its relay are, at one moment.
type Heads struct {
	At        time.Time
	Orders    int64 // how many there are
	Published int64 // how many of them are known to be published
	Lanes     []LaneHead
}

// LaneHead is the highest sequence of a lane in one log.
type LaneHead struct {
	LogLane

	Head   int64
	Former bool // whether the log was ended
}

// LaneLag is how far the receiver is behind in one lane of a log.
type LaneLag struct {
	LaneHead

	Applied int64
}

// Events is how many orders of the lane the receiver has not applied. It may have applied more than there are, where a
// database was put back.
func (l LaneLag) Events() int64 { return max(0, l.Head-l.Applied) }

// Lag holds heads against these marks. Of the logs that were ended only the lanes are told that are still behind.
func (a Applied) Lag(heads []LaneHead) (events int64, lanes []LaneLag) {
	lanes = make([]LaneLag, 0, len(heads))
	for _, head := range heads {
		lane := LaneLag{LaneHead: head, Applied: a[head.LogID][head.Lane]}
		events += lane.Events()
		if !head.Former || lane.Events() > 0 {
			lanes = append(lanes, lane)
		}
	}
	return events, lanes
}
