package report

import (
	"encoding/json"
	"fmt"
	"time"

	"ordertrack/scripts/bench/score"
	"ordertrack/scripts/bench/trial"
)

type document struct {
	At      time.Time                  `json:"at"`
	Machine Machine                    `json:"machine"`
	Plan    plan                       `json:"plan"`
	Rows    []row                      `json:"rows"`
	Rounds  map[string][]trial.Figures `json:"measurements"` // of each experiment and variant, by round
}

type plan struct {
	Rounds      int     `json:"rounds"`
	Seconds     float64 `json:"seconds"`
	WarmUp      float64 `json:"warm_up_seconds"`
	WarmBroker  float64 `json:"warm_broker_seconds"`
	Connections int     `json:"connections"`
	Rate        int     `json:"rate_per_second"`
	Backlog     int     `json:"backlog_events"`
	Table       int     `json:"table_orders"`
}

type row struct {
	Key     string        `json:"key"`
	What    string        `json:"what"`
	Against string        `json:"against,omitempty"`
	Unit    string        `json:"unit"`
	Goal    float64       `json:"goal,omitempty"`
	Least   bool          `json:"goal_is_lower_bound,omitempty"`
	Ratio   *score.Spread `json:"ratio,omitempty"`
	Ours    *score.Spread `json:"ours,omitempty"`
	Theirs  *score.Spread `json:"theirs,omitempty"`
	Rounds  int           `json:"rounds"`
	Met     int           `json:"rounds_that_met_the_goal"`
	Verdict string        `json:"verdict"`
}

// JSON is the run for programs, with every single measurement.
func (r Run) JSON() ([]byte, error) {
	d := document{
		At: r.At.UTC(), Machine: r.Machine, Rounds: r.Results.Rounds,
		Plan: plan{
			Rounds: r.Rounds, Seconds: r.Plan.Lasts.Seconds(), WarmUp: r.Plan.WarmUp.Seconds(),
			WarmBroker: r.Plan.WarmBroker.Seconds(), Connections: r.Plan.Clients,
			Rate: r.Plan.Rate, Backlog: r.Plan.Backlog, Table: r.Plan.Table,
		},
	}
	for _, s := range r.Scores {
		one := row{
			Key: s.Key, What: s.What, Against: s.Against, Unit: s.Unit, Goal: s.Goal, Least: s.Least,
			Rounds: s.Rounds, Met: s.Met, Verdict: verdict(s),
		}
		if s.Missing == "" {
			one.Ours = &s.OursAt
			if s.IsRatio() {
				one.Ratio, one.Theirs = &s.Ratio, &s.TheirsAt
			}
		}
		d.Rows = append(d.Rows, one)
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the run: %w", err)
	}
	return append(text, '\n'), nil
}
