package guards_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/localstack/repository"
	"ordertrack/scripts/mutants/guards"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestEveryGuardIsWhereTheTableSays is what keeps the table from going stale: each edit fits once, and gives Go that can
// be parsed.
func TestEveryGuardIsWhereTheTableSays(t *testing.T) {
	t.Parallel()
	root, err := repository.Root()
	require.NoError(t, err)
	names := map[string]bool{}
	for _, guard := range guards.All() {
		require.Regexp(t, `^[a-z]+(-[a-z]+)*$`, guard.Name)
		require.False(t, names[guard.Name], "%s is there twice", guard.Name)
		names[guard.Name] = true
		require.NotEmpty(t, guard.Keeps, guard.Name)
		require.NotEmpty(t, guard.Removed, guard.Name)
		texts, err := guard.Mutated(root)
		require.NoError(t, err)
		require.NotEmpty(t, texts, guard.Name)
		for file, text := range texts {
			before, err := os.ReadFile(filepath.Join(root, file))
			require.NoError(t, err)
			require.NotEqual(t, string(before), text, guard.Name)
			_, err = parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
			require.NoError(t, err, guard.Name)
		}
	}
	require.Greater(t, len(names), 50)
}

var topLevel = regexp.MustCompile(`\^(Test\w+)`)

// TestTheTestsThatMustNoticeAreThere looks for the functions; subtests are looked for when they are run.
func TestTheTestsThatMustNoticeAreThere(t *testing.T) {
	t.Parallel()
	root, err := repository.Root()
	require.NoError(t, err)
	for _, guard := range guards.All() {
		files, err := filepath.Glob(filepath.Join(root, guard.Package, "*_test.go"))
		require.NoError(t, err)
		var tests strings.Builder
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			tests.Write(text)
		}
		patterns := topLevel.FindAllStringSubmatch(guard.Run, -1)
		require.Len(t, patterns, strings.Count(guard.Run, "|")+1, "%s: each pattern begins with ^Test", guard.Name)
		for _, m := range patterns {
			require.Regexp(t, `func `+m[1]+`\w*\(`, tests.String(), guard.Name)
		}
	}
}

func TestAnEditThatDoesNotFitOnce(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "a.go"), []byte("package a // one two two"), 0o600))
	edit := func(old string) guards.Guard {
		return guards.Guard{Name: "g", Edits: []guards.Edit{{File: "a.go", Old: old, New: "x"}}}
	}
	texts, err := edit("one").Mutated(root)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a.go": "package a // x two two"}, texts)
	for _, old := range []string{"two", "three"} {
		_, err := edit(old).Mutated(root)
		require.ErrorContains(t, err, "the table is stale")
	}
	_, err = guards.Guard{Edits: []guards.Edit{{File: "b.go", Old: "one"}}}.Mutated(root)
	require.ErrorContains(t, err, "the table is stale")
}

func TestFind(t *testing.T) {
	t.Parallel()
	all, unknown := guards.Find()
	require.Equal(t, guards.All(), all)
	require.Empty(t, unknown)
	found, unknown := guards.Find("fence", "no-such", "append-lock")
	require.Equal(t, []string{"no-such"}, unknown)
	require.Len(t, found, 2)
	require.Equal(t, "append-lock", found[1].Name)
}
