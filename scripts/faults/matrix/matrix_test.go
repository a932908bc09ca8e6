package matrix_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/faults/claims"
	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/matrix"
	"ordertrack/scripts/verify/audit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCellsAreWellFormed(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, cell := range matrix.Cells() {
		require.Regexp(t, `^[a-z0-9]+(-[a-z0-9]+)*$`, cell.Name)
		require.False(t, names[cell.Name], "%s is there twice", cell.Name)
		names[cell.Name] = true
		require.NotEmpty(t, cell.Does, cell.Name)
		require.NotNil(t, cell.Do, cell.Name)
	}
}

// TestACellWithoutItsFaultFails: a fault that did nothing has left nothing to be seen.
func TestACellWithoutItsFaultFails(t *testing.T) {
	t.Parallel()
	for _, cell := range matrix.Cells() {
		for seed := range uint64(20) {
			picked := cell.With(seed)
			require.NotEmpty(t, picked.Shows, "%s, seed %d", cell.Name, seed)
			for _, want := range picked.Shows {
				require.Positive(t, want.Least, "%s wants nothing of %s", cell.Name, want.Fact)
			}
			var missing *evidence.MissingError
			require.ErrorAs(t, evidence.NewLog().Hold(picked.Shows), &missing, cell.Name)
			require.Len(t, missing.Missing, len(picked.Shows), cell.Name)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	all, unknown := matrix.Find()
	require.Len(t, all, len(matrix.Cells()))
	require.Empty(t, unknown)
	some, unknown := matrix.Find("kill-broker", "nothing", "kill-both-services")
	require.Equal(t, []string{"nothing"}, unknown)
	require.Len(t, some, 2)
	require.Equal(t, "kill-both-services", some[0].Name, "the matrix's order")
}

func TestResultSaysWhatWasDone(t *testing.T) {
	t.Parallel()
	result := matrix.Result{
		Cell: matrix.Cell{Name: "cell", Does: "something bad"}, Seed: 7, Took: 1250 * time.Millisecond,
		Claims: claims.Report{Sent: 9, Acknowledged: 5, Unknown: 3, Refused: 1, Found: 2, Lost: 1},
		Audit:  audit.Report{Missing: 4, Surplus: 6}, Memory: map[string]int64{"order_service": 3 << 20, "track_users": 41 << 20},
	}
	require.False(t, result.Failed())
	require.Equal(t, "ok     cell: something bad: 9 sent, 5 acknowledged, 3 unknown (2 of them exist), 1 refused; lost 5, doubled 6, "+
		"repeats dropped 0; ready after 0.0s, at rest 0.0s later; at most 41 MB; took 1.2s, seed 7", result.String())
	result.Problems = []string{"verify: one\ntwo"}
	require.True(t, result.Failed())
	require.Regexp(t, `^FAILED cell: (.*)\n  verify: one\n  two$`, result.String())
	skipped := matrix.Result{Cell: result.Cell, Skipped: "no disk"}
	require.Equal(t, "SKIPPED cell: something bad: no disk", skipped.String())
}
