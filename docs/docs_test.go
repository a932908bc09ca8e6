// Package docs_test keeps the documents true: what they name must be there, and be called what they call it.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

const root = ".." // of the module, from this folder

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// documents gives the text of each Markdown file, by its path below the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, path := range paths {
			name, err := filepath.Rel(root, path)
			require.NoError(t, err)
			found[name] = read(t, name)
		}
	}
	require.Greater(t, len(found), 10)
	return found
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return string(content)
}

// code is the Go source in some folders, tests in one text and the rest in another.
func code(t *testing.T, folders ...string) (programs, tests string) {
	t.Helper()
	var program, test strings.Builder
	for _, folder := range folders {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" {
				return err
			}
			content, err := os.ReadFile(path)
			if strings.HasSuffix(path, "_test.go") {
				test.Write(content)
			} else {
				program.Write(content)
			}
			return err
		}))
	}
	return program.String(), test.String()
}

// has is for texts that require.Contains would print in full: the whole code.
func has(text, part string) bool { return strings.Contains(text, part) }

var link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for name, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(m[1], "://") {
				_, err := os.Stat(filepath.Join(root, filepath.Dir(name), m[1]))
				require.NoError(t, err, "linked in %s", name)
			}
		}
	}
}

func TestEveryDecisionIsListed(t *testing.T) {
	t.Parallel()
	index := read(t, "docs/adr/README.md")
	for name, text := range documents(t) {
		if filepath.Dir(name) != "docs/adr" || filepath.Base(name) == "README.md" {
			continue
		}
		require.Contains(t, index, "("+filepath.Base(name)+")")
		for _, heading := range []string{"# " + filepath.Base(name)[:4] + ": ", "\n## Context\n", "\n## Decision\n", "\n## Consequences\n"} {
			require.Contains(t, text, heading, name)
		}
	}
}

func TestMakeTargetsExist(t *testing.T) {
	t.Parallel()
	makefile := read(t, "Makefile")
	for name, text := range documents(t) {
		for _, m := range regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)").FindAllStringSubmatch(text, -1) {
			require.Contains(t, makefile, "\n"+m[1]+":", "named in %s", name)
		}
	}
}

// TestNamedTestsExist: the documents say which test holds what.
func TestNamedTestsExist(t *testing.T) {
	t.Parallel()
	programs, tests := code(t, "order_service", "track_users", "shared", "scripts") // the suites of ports are no test files
	named := 0
	for name, text := range documents(t) {
		for _, m := range regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`").FindAllStringSubmatch(text, -1) {
			named++
			require.True(t, has(tests+programs, "func "+m[1]+"("), "%s names %s", name, m[1])
		}
	}
	require.NotZero(t, named)
}

var firstCell = regexp.MustCompile("(?m)^\\| `([^`]+)`")

// section is the part of a document below a heading.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n## "+heading+"\n")
	require.True(t, found, heading)
	part, _, _ := strings.Cut(rest, "\n## ")
	return part
}

// cells are the code spans in the first column of a section's tables.
func cells(t *testing.T, heading string) []string {
	t.Helper()
	found := captured(firstCell, section(t, read(t, "docs/operations.md"), heading))
	require.NotEmpty(t, found, heading)
	return found
}

// captured gives what the pattern's group stands for, wherever it fits.
func captured(pattern *regexp.Regexp, text string) []string {
	matches := pattern.FindAllStringSubmatch(text, -1)
	found := make([]string, len(matches))
	for i, m := range matches {
		found[i] = m[1]
	}
	return found
}

// TestLogLinesAreThoseOfThePrograms: each line that is listed exists, and each warning and error is listed.
func TestLogLinesAreThoseOfThePrograms(t *testing.T) {
	t.Parallel()
	programs, _ := code(t, "order_service", "track_users", "shared")
	listed := cells(t, "Log lines")
	for _, line := range listed {
		require.True(t, has(programs, `"`+line+`"`), "no program says %q", line)
	}
	for _, line := range captured(regexp.MustCompile(`[lL]og\.(?:Warn|Error)(?:Context\([^"]*, |\()"([^"]+)"`), programs) {
		require.True(t, slices.Contains(listed, line), "docs/operations.md does not explain %q", line)
	}
}

func TestMetricsAreThoseOfThePrograms(t *testing.T) {
	t.Parallel()
	programs, _ := code(t, "order_service", "track_users")
	want := captured(regexp.MustCompile(`Name: +"((?:order_service|track_users)_\w+)"`), programs)
	require.NotEmpty(t, want)
	require.ElementsMatch(t, want, cells(t, "Metrics"))
}

func TestReasonsOfDeadLettersAreComplete(t *testing.T) {
	t.Parallel()
	want := captured(regexp.MustCompile(`Reason = "(\w+)"`), read(t, "shared/event/decode.go"))
	require.NotEmpty(t, want)
	listed := cells(t, "Dead letters")
	for _, reason := range want {
		require.True(t, slices.Contains(listed, reason), reason)
	}
}
