package deployments_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// recipe is a Dockerfile, as far as the rules need to understand it.
type recipe struct {
	text  string
	lines [][]string // each instruction and its words
}

func parseRecipe(text string) recipe {
	r := recipe{text: text}
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		if words := strings.Fields(line); len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			r.lines = append(r.lines, words)
		}
	}
	return r
}

// all gives the words of every instruction of a kind.
func (r recipe) all(instruction string) [][]string {
	var found [][]string
	for _, words := range r.lines {
		if words[0] == instruction {
			found = append(found, words[1:])
		}
	}
	return found
}

// last gives the instructions of the stage that becomes the image.
func (r recipe) last() recipe {
	from := 0
	for i, words := range r.lines {
		if words[0] == "FROM" {
			from = i
		}
	}
	return recipe{text: r.text, lines: r.lines[from:]}
}

// sources is what the build of a program copies from the repository.
func (r recipe) sources(program string) []string {
	var found []string
	for _, words := range r.all("COPY") {
		if strings.HasPrefix(words[0], "--from=") {
			continue
		}
		for _, source := range words[:len(words)-1] {
			found = append(found, strings.ReplaceAll(source, "${SERVICE}", program))
		}
	}
	return found
}

// ignores tells whether .dockerignore keeps a path out: the last pattern that fits decides, and a folder's fate is that
// of all in it.
func ignores(patterns []string, name string) bool {
	ignored := false
	for _, pattern := range patterns {
		keep := strings.HasPrefix(pattern, "!")
		pattern, anywhere := strings.CutPrefix(strings.TrimPrefix(pattern, "!"), "**/")
		for part := name; part != "."; part = path.Dir(part) {
			candidate := part
			if anywhere {
				candidate = path.Base(part)
			}
			if fits, err := path.Match(pattern, candidate); err == nil && fits {
				ignored = !keep
			}
		}
	}
	return ignored
}

// TestImageBuildsFromItsContext lays out what a build would be sent and what its recipe copies, and lets Go find every
// package and embedded file of the programs in there.
func TestImageBuildsFromItsContext(t *testing.T) {
	t.Parallel()
	var patterns []string
	for line := range strings.Lines(read(t, ".dockerignore")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, line)
		}
	}
	r := parseRecipe(read(t, recipePath))
	for _, program := range programs {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			context := t.TempDir()
			for _, source := range r.sources(program) {
				copyTree(t, source, context, patterns)
			}
			require.NoFileExists(t, filepath.Join(context, recipePath))
			list := exec.CommandContext(t.Context(), "go", "list", "-deps", "./"+program, "./deployments/healthcheck")
			list.Dir = context
			list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=-mod=readonly", "GOWORK=off")
			output, err := list.CombinedOutput()
			require.NoError(t, err, string(output))
			packages := strings.Fields(string(output))
			require.True(t, slices.Contains(packages, "ordertrack/"+program+"/internal/domain"))
			require.False(t, slices.ContainsFunc(packages, func(p string) bool {
				return strings.Contains(p, "ordertrack/scripts") || strings.Contains(p, "stretchr/testify")
			}), "what is for tests and development stays out of the images")
		})
	}
}

func copyTree(t *testing.T, source, target string, patterns []string) {
	t.Helper()
	copied := 0
	require.NoError(t, filepath.WalkDir(filepath.Join(root, source), func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil || ignores(patterns, filepath.ToSlash(name)) {
			return err
		}
		copied++
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(target, name)), 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(target, name), content, 0o600)
	}))
	require.NotZero(t, copied, "%s is in the context", source)
}
