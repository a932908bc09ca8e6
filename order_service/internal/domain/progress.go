package domain

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
