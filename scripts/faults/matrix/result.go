package matrix

import (
	"fmt"
	"strings"
	"time"

	"ordertrack/scripts/faults/claims"
	"ordertrack/scripts/verify/audit"
)

// Result is what came of a cell.
type Result struct {
	Cell    Cell
	Seed    uint64
	Claims  claims.Report
	Audit   audit.Report
	Resent  int64         // events that order_service sent again since Kafka had lost them, as far as its replicas know that run at the end
	Repeats int64         // events that came a second time, as far as the replicas of track_users that run at the end know
	Ready   time.Duration // from the end of the fault until both services were ready
	Rest    time.Duration // from then, or the last answer if that was later, until the lag was 0
	Took    time.Duration
	Memory  map[string]int64 // the highest peak of a process of each service, in bytes
	Version string           // of PostgreSQL

	Skipped  string   // why the cell cannot be run here; empty: it was
	Problems []string // none: the promise was kept
}

// Failed tells whether anything went wrong.
func (r *Result) Failed() bool { return len(r.Problems) > 0 }

// Lost is how many orders are missing: from the orders although acknowledged, or from the counters.
func (r *Result) Lost() int64 { return int64(r.Claims.Lost) + r.Audit.Missing }

// Doubled is how many orders are there, or counted, once too often.
func (r *Result) Doubled() int64 { return int64(r.Claims.Doubled) + r.Audit.Surplus }

// memory is the peak of all processes of the services.
func (r *Result) memory() int64 {
	var highest int64
	for _, peak := range r.Memory {
		highest = max(highest, peak)
	}
	return highest
}

func (r *Result) problem(what string, err error) {
	if err != nil {
		r.Problems = append(r.Problems, fmt.Sprintf("%s: %v", what, err))
	}
}

// String is one line, and one for each problem behind it.
func (r *Result) String() string {
	if r.Skipped != "" {
		return fmt.Sprintf("SKIPPED %s: %s: %s", r.Cell.Name, r.Cell.Does, r.Skipped)
	}
	verdict := "ok    "
	if r.Failed() {
		verdict = "FAILED"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s: %d sent, %d acknowledged, %d unknown (%d of them exist), %d refused; lost %d, doubled %d, "+
		"repeats dropped %d; ready after %s, at rest %s later; at most %d MB; took %s, seed %d",
		verdict, r.Cell.Name, r.Cell.Does, r.Claims.Sent, r.Claims.Acknowledged, r.Claims.Unknown, r.Claims.Found, r.Claims.Refused,
		r.Lost(), r.Doubled(), r.Repeats, seconds(r.Ready), seconds(r.Rest), r.memory()>>20, seconds(r.Took), r.Seed)
	for _, problem := range r.Problems {
		b.WriteString("\n  " + strings.ReplaceAll(problem, "\n", "\n  "))
	}
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }
