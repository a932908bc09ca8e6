package score

import (
	"slices"

	"ordertrack/scripts/bench/trial"
)

// Spread is what came of several rounds.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// SpreadOf gives the spread of values, of which there must be one at least.
func SpreadOf(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return Spread{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1]}
}

// Score is how a row came out. Ratios are taken round by round, of measurements that were made one after the other.
type Score struct {
	Row

	OursAt, TheirsAt Spread
	Ratio            Spread
	Rounds, Met      int    // rounds, and those that met the goal
	Missing          string // why the row was not measured; empty when it was
}

// Value is what is held against the goal.
func (s Score) Value() Spread {
	if s.IsRatio() {
		return s.Ratio
	}
	return s.OursAt
}

// IsMet tells whether the median meets the goal.
func (s Score) IsMet() bool { return s.meets(s.Value().Median) }

func (r Row) meets(value float64) bool {
	if r.Least {
		return value >= r.Goal
	}
	return value <= r.Goal
}

// Of scores rows by results.
func Of(rows []Row, results trial.Results) []Score {
	scores := make([]Score, len(rows))
	for i, row := range rows {
		scores[i] = row.score(results)
	}
	return scores
}

func (r Row) score(results trial.Results) Score {
	s := Score{Row: r}
	ours, missing := values(results, r.Ours)
	if missing != "" {
		s.Missing = missing
		return s
	}
	s.OursAt, s.Rounds = SpreadOf(ours), len(ours)
	held := ours
	if r.IsRatio() {
		theirs, missing := values(results, r.Theirs)
		if missing != "" {
			s.Missing = missing
			return s
		}
		held = make([]float64, len(ours))
		for i := range ours {
			held[i] = ours[i] / theirs[i]
		}
		s.TheirsAt, s.Ratio = SpreadOf(theirs), SpreadOf(held)
	}
	for _, value := range held {
		if r.meets(value) {
			s.Met++
		}
	}
	return s
}

// values gives a figure of all rounds, or why there is none.
func values(results trial.Results, p Point) (all []float64, missing string) {
	if reason, found := results.Missing[p.Key()]; found {
		return nil, reason
	}
	for _, figures := range results.Rounds[p.Key()] {
		value, found := figures[p.Figure]
		if !found {
			return nil, "not measured on this system"
		}
		all = append(all, value)
	}
	if len(all) == 0 {
		return nil, "not measured"
	}
	return all, ""
}
