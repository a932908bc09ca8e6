package trial

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/bench/rig"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func noted(into *[]string, what string, err error) Variant {
	return Variant{Name: what, Measure: func(context.Context) (Figures, error) {
		*into = append(*into, what)
		return Figures{PerSecond: float64(len(*into))}, err
	}}
}

func TestVariantsAreMeasuredInTurnAndBackAgain(t *testing.T) {
	t.Parallel()
	var order []string
	closed := false
	e := Experiment{
		Name:     "e",
		Variants: []Variant{noted(&order, "a", nil), noted(&order, "b", nil), noted(&order, "c", nil)},
		Close:    func(context.Context) error { closed = true; return nil },
	}
	e.Variants[2].Prepare = func(context.Context) error { return &rig.MissingError{Reason: "not here"} }
	results := Results{Rounds: map[string][]Figures{}, Missing: map[string]string{}}
	step, steps := Step{Rounds: 3, Of: 9}, []Step(nil)
	require.NoError(t, e.run(t.Context(), &step, results, func(s Step) { steps = append(steps, s) }))
	require.Equal(t, []string{"a", "b", "b", "a", "a", "b"}, order)
	require.True(t, closed)
	require.Equal(t, map[string]string{"e/c": "not here"}, results.Missing)
	require.Equal(t, []Figures{{PerSecond: 1}, {PerSecond: 4}, {PerSecond: 5}}, results.Rounds["e/a"])
	require.Equal(t, Step{Number: 6, Of: 6, Experiment: "", Variant: "b", Round: 3, Rounds: 3}, steps[len(steps)-1])
}

func TestTheBrokerIsWarmedOnlyForWhatDependsOnIt(t *testing.T) {
	t.Parallel()
	one := []Variant{{Name: Ours}}
	require.True(t, needsBroker(Experiment{Name: Posting, Variants: one}))
	require.False(t, needsBroker(Experiment{Name: Posting}), "nothing of it is wanted")
	require.False(t, needsBroker(Experiment{Name: Starting, Variants: one}))
}

func TestAFailureEndsTheRunAndCloses(t *testing.T) {
	t.Parallel()
	var order []string
	closed := false
	e := Experiment{
		Name:     "e",
		Variants: []Variant{noted(&order, "a", errors.New("refused")), noted(&order, "b", nil)},
		Close:    func(context.Context) error { closed = true; return nil },
	}
	step := Step{Rounds: 1, Of: 2}
	err := e.run(t.Context(), &step, Results{Rounds: map[string][]Figures{}}, func(Step) {})
	require.EqualError(t, err, "measure a: refused")
	require.Equal(t, []string{"a"}, order)
	require.True(t, closed)
}

func TestCostsAreThoseOfEachUnit(t *testing.T) {
	t.Parallel()
	before := costs{service: 10, metrics: map[string]float64{"go_memstats_mallocs_total": 100, "go_memstats_alloc_bytes_total": 5000}}
	after := costs{
		service: 10 + 4_000_000, database: 2_000_000, // nanoseconds
		metrics: map[string]float64{"go_memstats_mallocs_total": 700, "go_memstats_alloc_bytes_total": 7000},
	}
	require.Equal(t, Figures{ServiceCPU: 2000, DatabaseCPU: 1000, BrokerCPU: 0, Allocations: 300, AllocBytes: 1000}, after.since(before, 2))
	require.Empty(t, after.since(before, 0))
}

// A backlog is what order_service would have published: the same lanes, and in each of them every sequence.
func TestABacklogHasAPlaceForEachEvent(t *testing.T) {
	t.Parallel()
	var sequences [event.Lanes]int64
	for n, who := range []string{"Ann", "Ann", "Bob"} {
		message := nextEvent("topic", n+1, name.Restore(who), &sequences)
		record := event.Record{}
		record.Key, _ = message.Key.Encode()
		record.Value, _ = message.Value.Encode()
		for _, h := range message.Headers {
			record.Headers = append(record.Headers, event.Header{Key: string(h.Key), Value: h.Value})
		}
		decoded, err := event.Decode(record)
		require.NoError(t, err)
		lane := event.LaneOf(name.Restore(who))
		require.Equal(t, lane, decoded.Place.Lane)
		require.EqualValues(t, lane%rig.Partitions, message.Partition)
		require.Equal(t, sequences[lane], decoded.Place.Sequence)
	}
	require.EqualValues(t, 2, sequences[event.LaneOf(name.Restore("Ann"))])
}
