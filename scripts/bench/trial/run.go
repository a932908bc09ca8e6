package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ordertrack/scripts/bench/rig"
)

// Results are all figures of a run.
type Results struct {
	Rounds  map[string][]Figures // by Key, one entry a round
	Missing map[string]string    // by Key: why a variant cannot be measured here
}

// Key names a variant of an experiment.
func Key(experiment, variant string) string { return experiment + "/" + variant }

// Step tells how far a run is. Without an experiment, the broker is being warmed; in round 0 a variant is prepared.
type Step struct {
	Number, Of          int
	Experiment, Variant string
	Round, Rounds       int
}

// Run measures the variants that are wanted. The variants of an experiment are measured in turn, round by round, and
// every second round in the reverse order: what changes on the machine meanwhile changes all of them alike. Before the
// first one, the broker is warmed.
func (b *Bench) Run(ctx context.Context, rounds int, wanted func(key string) bool, tell func(Step)) (Results, error) {
	results := Results{Rounds: map[string][]Figures{}, Missing: map[string]string{}}
	experiments := b.Experiments()
	step := Step{Rounds: rounds}
	for i := range experiments {
		e := &experiments[i]
		e.Variants = slices.DeleteFunc(e.Variants, func(v Variant) bool { return !wanted(Key(e.Name, v.Name)) })
		step.Of += rounds * len(e.Variants)
	}
	if slices.ContainsFunc(experiments, needsBroker) {
		tell(step)
		if err := b.warm(ctx); err != nil {
			return results, err
		}
	}
	for _, e := range experiments {
		step.Experiment = e.Name
		if err := e.run(ctx, &step, results, tell); err != nil {
			return results, fmt.Errorf("%s: %w", e.Name, err)
		}
	}
	return results, nil
}

// needsBroker tells whether anything that is measured depends on how fast the broker is. A start does not.
func needsBroker(e Experiment) bool { return e.Name != Starting && len(e.Variants) > 0 }

func (e Experiment) run(ctx context.Context, step *Step, results Results, tell func(Step)) (err error) {
	if e.Close != nil && len(e.Variants) > 0 {
		defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()
	}
	there := make([]Variant, 0, len(e.Variants))
	for _, v := range e.Variants {
		step.Round, step.Variant = 0, v.Name
		tell(*step)
		switch missing, err := v.prepare(ctx); {
		case err != nil:
			return fmt.Errorf("prepare %s: %w", v.Name, err)
		case missing != "":
			results.Missing[Key(e.Name, v.Name)] = missing
			step.Of -= step.Rounds
		default:
			there = append(there, v)
		}
	}
	for step.Round = 1; step.Round <= step.Rounds; step.Round++ {
		for _, v := range there {
			step.Number++
			step.Variant = v.Name
			tell(*step)
			figures, err := v.Measure(ctx)
			if err != nil {
				return fmt.Errorf("measure %s: %w", v.Name, err)
			}
			key := Key(e.Name, v.Name)
			results.Rounds[key] = append(results.Rounds[key], figures)
		}
		slices.Reverse(there)
	}
	return nil
}

// prepare returns the reason when the variant cannot be had here.
func (v Variant) prepare(ctx context.Context) (missing string, err error) {
	if v.Prepare == nil {
		return "", nil
	}
	err = v.Prepare(ctx)
	if reason, ok := errors.AsType[*rig.MissingError](err); ok {
		return reason.Reason, nil
	}
	return "", err
}
