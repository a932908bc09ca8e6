package results_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/faults/results"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var setup = results.Setup{Seed: 7, Build: "b", Broker: "embedded", Postgres: "18.6", Orders: 20}

func TestRunsAreKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "results.jsonl")
	f, err := results.Open(path)
	require.NoError(t, err)
	require.Empty(t, f.Runs())
	runs := []results.Run{
		{Cell: "a", Setup: setup, Time: time.Unix(1, 0).UTC(), Memory: map[string]int64{"order_service": 5}},
		{Cell: "b", Setup: setup, Time: time.Unix(2, 0).UTC(), Problems: []string{"lost\none"}},
	}
	for _, run := range runs {
		require.NoError(t, f.Append(run))
	}
	require.Equal(t, runs, f.Runs())
	again, err := results.Open(path)
	require.NoError(t, err)
	require.Equal(t, runs, again.Runs())
	require.False(t, runs[0].Failed())
	require.True(t, runs[1].Failed())
}

func TestOnlyTheSameIsPassed(t *testing.T) {
	t.Parallel()
	f, err := results.Open(filepath.Join(t.TempDir(), "results.jsonl"))
	require.NoError(t, err)
	require.NoError(t, f.Append(results.Run{Cell: "a", Setup: setup}))
	require.NoError(t, f.Append(results.Run{Cell: "b", Setup: setup, Problems: []string{"lost"}}))
	unknown := setup
	unknown.Postgres = ""
	require.True(t, f.Passed("a", unknown), "the version of the server is not known before")
	require.False(t, f.Passed("b", setup), "it failed")
	for name, change := range map[string]func(*results.Setup){
		"another seed":   func(s *results.Setup) { s.Seed++ },
		"another build":  func(s *results.Setup) { s.Build = "c" },
		"another broker": func(s *results.Setup) { s.Broker = "apache" },
		"another size":   func(s *results.Setup) { s.Orders++ },
	} {
		other := setup
		change(&other)
		require.False(t, f.Passed("a", other), name)
	}
}

func TestALineThatWasCutShortIsTakenAway(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results.jsonl")
	f, err := results.Open(path)
	require.NoError(t, err)
	require.NoError(t, f.Append(results.Run{Cell: "a"}))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(text, `{"cell":"b`...), 0o600))
	f, err = results.Open(path)
	require.NoError(t, err)
	require.Len(t, f.Runs(), 1)
	require.NoError(t, f.Append(results.Run{Cell: "c"}))
	f, err = results.Open(path)
	require.NoError(t, err)
	require.Len(t, f.Runs(), 2)
	require.Equal(t, "c", f.Runs()[1].Cell)
}

func TestWhatIsNoRunIsAnError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("{}\nnonsense\n"), 0o600))
	_, err := results.Open(path)
	require.ErrorContains(t, err, "line 2")
	_, err = results.Open(t.TempDir())
	require.ErrorContains(t, err, "read the results")
}
