package score_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/bench/score"
	"ordertrack/scripts/bench/trial"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSpread(t *testing.T) {
	t.Parallel()
	require.Equal(t, score.Spread{Median: 2, Min: 1, Max: 9}, score.SpreadOf([]float64{9, 1, 2}))
	require.Equal(t, score.Spread{Median: 3, Min: 1, Max: 9}, score.SpreadOf([]float64{9, 4, 1, 2}))
	require.Equal(t, score.Spread{Median: 5, Min: 5, Max: 5}, score.SpreadOf([]float64{5}))
}

// results of two rounds in which the machine was twice as fast the second time: the ratio does not see it.
func results() trial.Results {
	key := func(variant string) string { return trial.Key(trial.Posting, variant) }
	rate := func(values ...float64) (rounds []trial.Figures) {
		for _, value := range values {
			rounds = append(rounds, trial.Figures{trial.PerSecond: value, trial.Peak: 160})
		}
		return rounds
	}
	return trial.Results{
		Rounds:  map[string][]trial.Figures{key(trial.Ours): rate(1000, 2000), key(trial.Naive): rate(250, 600), key(trial.Roof): rate(1250, 4000)},
		Missing: map[string]string{key(trial.PGBench): "pgbench is not on this machine"},
	}
}

func scoreOf(t *testing.T, key string) score.Score {
	t.Helper()
	rows, unknown := score.Find([]string{key})
	require.Empty(t, unknown)
	return score.Of(rows, results())[0]
}

func TestARatioIsTakenRoundByRound(t *testing.T) {
	t.Parallel()
	s := scoreOf(t, "post-naive")
	require.InDelta(t, 2000.0/600, s.Ratio.Min, 1e-9)
	require.InDelta(t, 4, s.Ratio.Max, 1e-9)
	require.Equal(t, 2, s.Rounds)
	require.Equal(t, 1, s.Met, "3.33 is below the goal of 3.5, 4 above")
	require.True(t, s.IsMet(), "the median is 3.67")
}

func TestAGoalThatIsMissed(t *testing.T) {
	t.Parallel()
	s := scoreOf(t, "post-ceiling")
	require.False(t, s.IsMet(), "0.8 and 0.5 have the median 0.65, below 0.7")
	require.Equal(t, 1, s.Met)
	s = scoreOf(t, "memory-orders")
	require.False(t, s.IsRatio())
	require.False(t, s.IsMet(), "160 MB are above 150")
	require.Zero(t, s.Met)
}

func TestWhatIsNotMeasuredSaysWhy(t *testing.T) {
	t.Parallel()
	require.Equal(t, "pgbench is not on this machine", scoreOf(t, "post-pgbench").Missing)
	require.Equal(t, "not measured", scoreOf(t, "count-drain").Missing)
	require.Equal(t, "not measured on this system", scoreOf(t, "allocations-order").Missing)
}

func TestARowNeedsBothItsVariants(t *testing.T) {
	t.Parallel()
	rows, unknown := score.Find([]string{"post-naive", "no-such-row"})
	require.Equal(t, []string{"no-such-row"}, unknown)
	wanted := score.Wanted(rows)
	require.True(t, wanted(trial.Key(trial.Posting, trial.Ours)))
	require.True(t, wanted(trial.Key(trial.Posting, trial.Naive)))
	require.False(t, wanted(trial.Key(trial.Posting, trial.Roof)))
	require.False(t, wanted(trial.Key(trial.Full, trial.Ours)))
}

func TestKeysAreUniqueAndVariantsExist(t *testing.T) {
	t.Parallel()
	there, seen := map[string]bool{}, map[string]bool{}
	for _, e := range trial.New(nil, trial.Plan{}).Experiments() {
		for _, v := range e.Variants {
			require.False(t, there[trial.Key(e.Name, v.Name)], "%s/%s is there twice", e.Name, v.Name)
			there[trial.Key(e.Name, v.Name)] = true
		}
	}
	for _, r := range score.Rows() {
		require.False(t, seen[r.Key], r.Key)
		seen[r.Key] = true
		require.True(t, there[r.Ours.Key()], r.Ours.Key())
		require.True(t, !r.IsRatio() || there[r.Theirs.Key()], r.Theirs.Key())
	}
}
