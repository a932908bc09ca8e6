// Package report writes what came of many runs of the fault matrix as a table for docs/faults.md.
package report

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ordertrack/scripts/faults/results"
)

// Marker ends the part of the page that people write. All that follows it is made.
const Marker = "<!-- Made by make faults-report from here on. -->\n"

// Cell is a cell that the report must name, whether or not it ran.
type Cell struct{ Name, Does string }

// ErrNoMarker says that the page has no place for a report.
var ErrNoMarker = errors.New("the page has no line " + strings.TrimSpace(Marker))

// Replace puts a new report into the page.
func Replace(page string, cells []Cell, runs []results.Run) (string, error) {
	head, _, found := strings.Cut(page, Marker)
	if !found {
		return "", ErrNoMarker
	}
	return head + Marker + "\n" + Make(cells, runs), nil
}

// Make makes the report: a table of all cells for each broker, and the runs that failed. Runs of cells that are not in
// the matrix any more are left out.
func Make(cells []Cell, runs []results.Run) string {
	known := map[string]bool{}
	for _, cell := range cells {
		known[cell.Name] = true
	}
	runs = slices.DeleteFunc(slices.Clone(runs), func(r results.Run) bool { return !known[r.Cell] })
	byBroker := map[string][]results.Run{}
	for _, run := range runs {
		byBroker[run.Setup.Broker] = append(byBroker[run.Setup.Broker], run)
	}
	var b strings.Builder
	if len(runs) == 0 {
		byBroker["No runs yet"] = nil
	} else {
		writeVersions(&b, runs)
	}
	for _, broker := range slices.Sorted(maps.Keys(byBroker)) {
		writeBroker(&b, broker, cells, byBroker[broker])
	}
	writeFailures(&b, runs)
	return b.String()
}

func writeVersions(b *strings.Builder, runs []results.Run) {
	list := func(of func(*results.Run) string) string {
		values := map[string]bool{}
		for i := range runs {
			values[of(&runs[i])] = true
		}
		return strings.Join(slices.Sorted(maps.Keys(values)), ", ")
	}
	first := slices.MinFunc(runs, func(a, b results.Run) int { return a.Time.Compare(b.Time) }).Time
	last := slices.MaxFunc(runs, func(a, b results.Run) int { return a.Time.Compare(b.Time) }).Time
	fmt.Fprintf(b, "Run from %s to %s: %s, PostgreSQL %s, Sarama %s. Builds: %s.\n\n",
		first.UTC().Format(time.DateOnly), last.UTC().Format(time.DateOnly),
		list(func(r *results.Run) string { return r.Setup.Go }), list(func(r *results.Run) string { return r.Setup.Postgres }),
		list(func(r *results.Run) string { return r.Setup.Sarama }), list(func(r *results.Run) string { return r.Setup.Build }))
}

const heading = "| Cell | What was done | Runs (seeds) | Sent | Acknowledged | Unknown (stored) | Refused | Lost | Doubled | Repeats " +
	"| Healed: median, longest | Peak memory |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n"

func writeBroker(b *strings.Builder, broker string, cells []Cell, runs []results.Run) {
	all := sumOf(runs)
	fmt.Fprintf(b, "## %s\n\n%d runs, %d failed: %d orders acknowledged, %d lost, %d doubled.\n\n%s",
		broker, all.runs, all.failed, all.acknowledged, all.lost, all.doubled, heading)
	for _, cell := range cells {
		of := slices.DeleteFunc(slices.Clone(runs), func(r results.Run) bool { return r.Cell != cell.Name })
		if len(of) == 0 {
			fmt.Fprintf(b, "| `%s` | %s | not run | | | | | | | | | |\n", cell.Name, cell.Does)
			continue
		}
		s := sumOf(of)
		fmt.Fprintf(b, "| `%s` | %s | %d (%d) | %d | %d | %d (%d) | %d | %d | %d | %d | %.1f s, %.1f s | %s |\n", cell.Name, cell.Does,
			s.runs, len(s.seeds), s.sent, s.acknowledged, s.unknown, s.found, s.refused, s.lost, s.doubled, s.repeats,
			s.median().Seconds(), s.longest().Seconds(), s.peak())
	}
	b.WriteString("\n")
}

// sum is of many runs.
type sum struct {
	runs, failed                                                        int
	sent, acknowledged, unknown, found, refused, lost, doubled, repeats int64
	seeds                                                               map[uint64]bool
	healed                                                              []time.Duration // in order
	memory                                                              int64           // the highest peak of any service, in bytes
}

func sumOf(runs []results.Run) sum {
	s := sum{runs: len(runs), seeds: map[uint64]bool{}}
	for i := range runs {
		run := &runs[i]
		if run.Failed() {
			s.failed++
		}
		s.sent += int64(run.Sent)
		s.acknowledged += int64(run.Acknowledged)
		s.unknown += int64(run.Unknown)
		s.found += int64(run.Found)
		s.refused += int64(run.Refused)
		s.lost += run.Lost
		s.doubled += run.Doubled
		s.repeats += run.Repeats
		s.seeds[run.Setup.Seed] = true
		s.healed = append(s.healed, run.Healed)
		for _, bytes := range run.Memory {
			s.memory = max(s.memory, bytes)
		}
	}
	slices.Sort(s.healed)
	return s
}

// peak is empty where nobody looked.
func (s *sum) peak() string {
	if s.memory == 0 {
		return ""
	}
	return fmt.Sprintf("%d MB", s.memory>>20)
}

func (s *sum) median() time.Duration { return s.healed[len(s.healed)/2] }

func (s *sum) longest() time.Duration { return s.healed[len(s.healed)-1] }

func writeFailures(b *strings.Builder, runs []results.Run) {
	failed := slices.DeleteFunc(slices.Clone(runs), func(r results.Run) bool { return !r.Failed() })
	if len(failed) == 0 {
		return
	}
	slices.SortStableFunc(failed, func(a, b results.Run) int { return cmp.Compare(a.Cell, b.Cell) })
	b.WriteString("## Runs that failed\n\n")
	for i := range failed {
		run := &failed[i]
		first, _, _ := strings.Cut(run.Problems[0], "\n")
		fmt.Fprintf(b, "- `%s`, seed %d, %s, build %s: %s\n", run.Cell, run.Setup.Seed, run.Setup.Broker, run.Setup.Build, first)
	}
}
