// Package results keeps what came of each run of a cell, one line of JSON each, so that a long run can be broken off and
// taken up again.
package results

import "time"

// Run is what came of one run of a cell.
type Run struct {
	Cell  string    `json:"cell"`
	Does  string    `json:"does"`
	Time  time.Time `json:"time"` // when it ended
	Setup Setup     `json:"setup"`

	Sent         int   `json:"sent"`
	Acknowledged int   `json:"acknowledged"`
	Unknown      int   `json:"unknown"`
	Found        int   `json:"found"` // unknown ones that exist
	Refused      int   `json:"refused"`
	Lost         int64 `json:"lost"`
	Doubled      int64 `json:"doubled"`
	Forgotten    int64 `json:"forgotten"` // acknowledged, and undone by the fault on purpose
	Repeats      int64 `json:"repeats"`   // events that came a second time and were dropped
	Resent       int64 `json:"resent"`    // events that were published again since Kafka had lost them

	Healed time.Duration    `json:"healed_ns"` // from the end of the fault to rest
	Took   time.Duration    `json:"took_ns"`
	Memory map[string]int64 `json:"memory"` // peak of each service's processes, in bytes

	Problems []string `json:"problems,omitempty"` // none: the promise was kept
}

// Failed tells whether anything went wrong.
func (r *Run) Failed() bool { return len(r.Problems) > 0 }

// Setup is what a run was made with. Two runs of a cell with the same setup try the same.
type Setup struct {
	Seed     uint64        `json:"seed"`
	Build    string        `json:"build"`  // names the executables
	Broker   string        `json:"broker"` // its kind and version
	Postgres string        `json:"postgres"`
	Go       string        `json:"go"`
	Sarama   string        `json:"sarama"`
	Orders   int           `json:"orders"`
	Names    int           `json:"names"`
	Clients  int           `json:"clients"`
	Hold     time.Duration `json:"hold_ns"`
}
