package trial_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/mutants/guards"
	"ordertrack/scripts/mutants/trial"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var module = map[string]string{
	"go.mod": "module small\n\ngo 1.26\n",
	"a/a.go": "package a\n\nfunc Guarded(n int) bool { return n > 0 }\n\nfunc Idle() int { return 1 }\n",
	"a/a_test.go": `package a

import "testing"

func TestGuarded(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		if Guarded(0) {
			t.Fatal("0 passed")
		}
	})
	t.Run("one", func(t *testing.T) {
		if !Guarded(1) {
			t.Fatal("1 did not pass")
		}
	})
}

func TestSkipped(t *testing.T) { t.Skip() }

func TestWrong(t *testing.T) { t.Fatal("always") }
`,
	".hidden/x": "not copied",
}

func setup(t *testing.T) *trial.Copy {
	t.Helper()
	root := t.TempDir()
	for file, text := range module {
		path := filepath.Join(root, file)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	tree, err := trial.NewCopy(root)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, tree.Remove())
		for file, text := range module {
			content, err := os.ReadFile(filepath.Join(root, file))
			require.NoError(t, err)
			require.Equal(t, text, string(content), "the tree is as it was")
		}
	})
	return tree
}

func without(run, old, replacement string) guards.Guard {
	return guards.Guard{Name: "g", Edits: []guards.Edit{{File: "a/a.go", Old: old, New: replacement}}, Package: "./a", Run: run}
}

// One copy serves all: each guard is put back before the next is taken out.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	tree := setup(t)
	for _, tc := range []struct {
		guard   guards.Guard
		verdict trial.Verdict
		tests   []string
	}{
		{without("^TestGuarded$", "n > 0", "n >= 0"), trial.Red, []string{"TestGuarded/none"}},
		{without("^TestGuarded$", "return 1", "return 2"), trial.Survived, nil},
		{without("^TestGuarded$", "n > 0", "n >"), trial.NotCompiled, nil},
		{without("^TestGuarded$/^one$", "n > 0", "n >= 0"), trial.Survived, nil},
		{without("^TestGuarded$/^one$", "n > 0", `func() bool { panic("cut off") }()`), trial.Red, []string{"TestGuarded/one"}},
		{without("^TestNone$", "n > 0", "n >= 0"), trial.NoTest, nil},
		{without("^TestSkipped$", "n > 0", "n >= 0"), trial.NoTest, nil},
	} {
		result, err := tree.Run(t.Context(), tc.guard)
		require.NoError(t, err)
		require.Equal(t, tc.verdict, result.Verdict, result.Output)
		require.Equal(t, tc.tests, result.Tests)
		require.Positive(t, result.Took)
	}
	_, err := tree.Run(t.Context(), without("^TestGuarded$", "no such text", ""))
	require.ErrorContains(t, err, "the table is stale")
}

func TestControl(t *testing.T) {
	t.Parallel()
	tree := setup(t)
	require.NoError(t, tree.Control(t.Context(), []guards.Guard{without("^TestGuarded$/^one$", "", ""), without("^TestGuarded$/^none$", "", "")}))
	err := tree.Control(t.Context(), []guards.Guard{without("^TestGuarded$", "", ""), without("^TestWrong$", "", "")})
	require.ErrorContains(t, err, "TestWrong")
}
