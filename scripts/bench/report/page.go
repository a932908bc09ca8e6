package report

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"ordertrack/scripts/bench/score"
	"ordertrack/scripts/bench/trial"
)

// What stands between these marks is written by each run; the rest of the page is for people to write.
const (
	begin = "<!-- bench: begin -->\n"
	end   = "<!-- bench: end -->\n"
)

//go:embed page.md.tmpl
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"number": number, "spread": spread, "value": value, "goal": goal, "verdict": verdict, "figures": figures,
	"thousands": func(n int) string { return thousands(int64(n)) },
}).Parse(pageText))

// Write puts the run into the page docs/benchmarks.md of a folder, and beside it benchmarks.json and the plots.
func (r Run) Write(docs string) error {
	path := filepath.Join(docs, "benchmarks.md")
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	updated, err := r.into(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	document, err := r.JSON()
	if err != nil {
		return err
	}
	plots := filepath.Join(docs, "benchmarks")
	if err := os.MkdirAll(plots, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	for file, content := range map[string][]byte{
		path:                                   []byte(updated),
		filepath.Join(docs, "benchmarks.json"): document,
		filepath.Join(plots, "goals.svg"):      r.goalsPlot(),
		filepath.Join(plots, "latency.svg"):    r.latencyPlot("POST latency", trial.Latency),
		filepath.Join(plots, "following.svg"):  r.latencyPlot("POST to counter readable", trial.Following),
	} {
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return fmt.Errorf("write the results: %w", err)
		}
	}
	return nil
}

// into replaces what stands between the marks.
func (r Run) into(text string) (string, error) {
	before, rest, found := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", errors.New("the marks of the part that is generated are missing")
	}
	var b bytes.Buffer
	if err := page.Execute(&b, view{Run: r}); err != nil {
		return "", fmt.Errorf("make the page: %w", err)
	}
	return before + begin + b.String() + end + after, nil
}

// view is a run as the page's template sees it.
type view struct{ Run }

// Met and Of are how many goals are met, and of how many.
func (v view) Met() int { met, _ := v.met(); return met }

// Of is how many rows have a goal and were measured.
func (v view) Of() int { _, of := v.met(); return of }

// Cost is a line of the table that says what an order or an event costs whom.
type Cost struct {
	Variant                          string
	Rate                             score.Spread
	Service, Database, Broker, Loads string // microseconds of CPU
	Allocations, Bytes               string
}

// Costs are the costs of all variants of an experiment that were measured.
func (v view) Costs(experiment string) []Cost {
	var all []Cost
	for _, variant := range variants[experiment] {
		rounds := v.Results.Rounds[trial.Key(experiment, variant)]
		if len(rounds) == 0 {
			continue
		}
		all = append(all, Cost{
			Variant: variant, Rate: spreadOf(rounds, trial.PerSecond),
			Service: median(rounds, trial.ServiceCPU), Database: median(rounds, trial.DatabaseCPU),
			Broker: median(rounds, trial.BrokerCPU), Loads: median(rounds, trial.LoadCPU),
			Allocations: median(rounds, trial.Allocations), Bytes: median(rounds, trial.AllocBytes),
		})
	}
	return all
}

// variants are those of the experiments whose costs are told, in the order of the table.
var variants = map[string][]string{
	trial.Posting: {trial.Ours, trial.Hot, trial.Roof, trial.Naive, trial.OutboxLib, trial.PGBench},
	trial.Counting: {
		trial.Counts, trial.CountsFew, trial.CountsMany, trial.CountsHot, trial.CountsAtLeast, trial.CountsNaive, trial.CountsNot,
	},
}

func spreadOf(rounds []trial.Figures, figure string) score.Spread {
	values := make([]float64, len(rounds))
	for i, figures := range rounds {
		values[i] = figures[figure]
	}
	return score.SpreadOf(values)
}

// median is a dash where the figure was not measured.
func median(rounds []trial.Figures, figure string) string {
	if _, found := rounds[0][figure]; !found {
		return "-"
	}
	return number(spreadOf(rounds, figure).Median)
}
