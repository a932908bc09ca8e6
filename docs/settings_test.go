package docs_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the tables of settings into the README")

var helpLine = regexp.MustCompile(`^  ([A-Z_]+) +(.*?)(?: +\(default (.*)\))?$`)

// TestSettingsTablesAreTheProgramsOwn holds the README's tables against what the programs print on --help.
// go test ./docs -update writes them anew.
func TestSettingsTablesAreTheProgramsOwn(t *testing.T) {
	t.Parallel()
	const file = "README.md"
	text := read(t, file)
	for _, program := range []string{"order_service", "track_users", "scripts/localstack"} {
		help := exec.CommandContext(t.Context(), "go", "run", "./"+program, "--help")
		help.Dir = root
		output, err := help.Output()
		require.NoError(t, err)
		begin, end := fmt.Sprintf("<!-- settings: %s -->\n", program), "<!-- end of settings -->\n"
		before, rest, found := strings.Cut(text, begin)
		require.True(t, found, begin)
		now, after, found := strings.Cut(rest, end)
		require.True(t, found, end)
		want := table(t, program, string(output))
		if *update {
			text = before + begin + want + end + after
			continue
		}
		require.Equal(t, want, now, "run go test ./docs -update")
	}
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join(root, file), []byte(text), 0o600))
	}
}

func table(t *testing.T, program, help string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | Default | |\n|---|---|---|\n", filepath.Base(program))
	rows := 0
	for line := range strings.Lines(help) {
		m := helpLine.FindStringSubmatch(strings.TrimRight(line, " \n"))
		if m == nil {
			continue
		}
		rows++
		fallback := ""
		if m[3] != "" {
			fallback = "`" + m[3] + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m[1], fallback, m[2])
	}
	require.NotZero(t, rows, help)
	return b.String()
}
