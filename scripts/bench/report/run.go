// Package report writes down what a run of the benchmark gave: as a table, a page, plots, and JSON.
package report

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ordertrack/scripts/bench/score"
	"ordertrack/scripts/bench/trial"
)

// Run is all that there is to tell about a run.
type Run struct {
	At        time.Time
	Machine   Machine
	Plan      trial.Plan
	Rounds    int
	Scores    []score.Score
	Results   trial.Results
	Latencies map[string]*hdrhistogram.Histogram // by trial.Key, in microseconds
}

// met counts the rows that have a goal and were measured, and those whose median meets it.
func (r Run) met() (met, of int) {
	for _, s := range r.Scores {
		if s.Goal == 0 || s.Missing != "" {
			continue
		}
		of++
		if s.IsMet() {
			met++
		}
	}
	return met, of
}
