package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/localstack/repository"
	"ordertrack/scripts/mutants/guards"
	"ordertrack/scripts/mutants/trial"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		args, environ []string
		code          int
		says          string
	}{
		{[]string{"--help"}, nil, exitOK, "  append-lock "},
		{[]string{"fence"}, nil, exitUsage, `unknown argument "fence"`},
		{nil, []string{"ONLY=fence,no-such"}, exitUsage, "there is no guard no-such"},
	} {
		var out bytes.Buffer
		require.Equal(t, tc.code, run(t.Context(), tc.args, tc.environ, &out, &out))
		require.Contains(t, out.String(), tc.says)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	guard := func(name string) guards.Guard { return guards.Guard{Name: name, Keeps: "a | b", Removed: "the lock"} }
	results := []trial.Result{
		{Guard: guard("one"), Verdict: trial.Red, Tests: []string{"TestX/y", "TestZ"}, Took: 1500 * time.Millisecond},
		{Guard: guard("two"), Verdict: trial.Survived, Took: time.Second},
	}
	text := document(results)
	require.Contains(t, text, "| `one` | a \\| b | the lock | `TestX/y` and 1 more | 1.5 s |\n")
	require.Contains(t, text, "| `two` | a \\| b | the lock | **SURVIVED** | 1.0 s |\n")
	require.Contains(t, text, "\n2 guards, 1 noticed, 1 not.\n")
	require.Equal(t, "one                            red         1.5 s  TestX/y and 1 more", line(results[0]))
	require.Equal(t, 1, countUnnoticed(results))
}

// TestTheDocumentIsOfThisTable: who adds or takes away a guard runs make mutants.
func TestTheDocumentIsOfThisTable(t *testing.T) {
	t.Parallel()
	root, err := repository.Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "docs", "mutants.md"))
	require.NoError(t, err)
	rows := 0
	for row := range bytes.Lines(text) {
		if bytes.HasPrefix(row, []byte("| `")) {
			rows++
		}
	}
	all := guards.All()
	require.Equal(t, len(all), rows)
	for _, guard := range all {
		require.Contains(t, string(text), "| `"+guard.Name+"` | "+cell(guard.Keeps)+" | "+cell(guard.Removed)+" | `Test")
	}
}
