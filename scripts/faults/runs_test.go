package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/faults/matrix"
	"ordertrack/scripts/faults/report"
	"ordertrack/scripts/faults/results"
	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/repository"
)

func runnerOf(t *testing.T, cfg config, path string) *runner {
	t.Helper()
	file, err := results.Open(path)
	require.NoError(t, err)
	return &runner{cfg: cfg, kind: broker.Embedded, cache: cfg.CacheDir, build: "b", file: file, stdout: io.Discard, stderr: io.Discard}
}

func TestWhatPassedIsNotRunAgain(t *testing.T) {
	t.Parallel()
	cfg := load(t, "SEED=3", "SEEDS=2", "CELL=kill-broker,topic-deleted")
	cfg.Seed = 3
	path := filepath.Join(t.TempDir(), "results.jsonl")
	r := runnerOf(t, cfg, path)
	jobs, skipped := r.pending()
	require.Zero(t, skipped)
	require.Equal(t, []string{"kill-broker 3", "topic-deleted 3", "kill-broker 4", "topic-deleted 4"}, names(jobs))

	require.NoError(t, r.file.Append(results.Run{Cell: "kill-broker", Setup: r.setup(3)}))
	require.NoError(t, r.file.Append(results.Run{Cell: "topic-deleted", Setup: r.setup(4), Problems: []string{"lost"}}))
	r = runnerOf(t, cfg, path) // as if started again
	jobs, skipped = r.pending()
	require.Equal(t, 1, skipped)
	require.Equal(t, []string{"topic-deleted 3", "kill-broker 4", "topic-deleted 4"}, names(jobs), "what failed is tried again")

	r.build = "another"
	_, skipped = r.pending()
	require.Zero(t, skipped)

	r.cfg.Seeds = 0
	r.build = "b"
	jobs, skipped = r.pending()
	require.Zero(t, skipped, "one run each, in any case")
	require.Equal(t, []string{"kill-broker 3", "topic-deleted 3"}, names(jobs))
}

func names(jobs []job) []string {
	all := make([]string, 0, len(jobs))
	for _, j := range jobs {
		all = append(all, j.cell.Name+" "+string(rune('0'+j.seed)))
	}
	return all
}

func TestTheLinesSayHowFarItIs(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	r := runnerOf(t, load(t), filepath.Join(t.TempDir(), "results.jsonl"))
	r.stdout, r.state = &stdout, tally{total: 3, running: map[int]string{}}
	r.note(0, "kill-broker, 5 of 9 orders answered")
	r.note(1, "topic-deleted")
	require.Contains(t, r.progress(), "0 of 3 runs, 0 failed, ")
	require.Contains(t, r.progress(), "now kill-broker, 5 of 9 orders answered; topic-deleted")
	result := &matrix.Result{Cell: matrix.Cell{Name: "topic-deleted"}, Seed: 8, Problems: []string{"verify: lost"}}
	result.Claims.Acknowledged, result.Claims.Lost = 7, 1
	r.done(1, result, "/kept")
	require.Contains(t, stdout.String(), "kept in /kept\n  again: make faults CELL=topic-deleted SEED=8 BROKER=embedded\n")
	require.NotContains(t, r.progress(), "topic-deleted")
	r.done(0, &matrix.Result{Cell: matrix.Cell{Name: "orders-disk-full"}, Skipped: "no disk"}, "/gone")
	require.Contains(t, r.summary(), "2 of 3 runs, 1 failed, 1 skipped: 7 orders acknowledged, 1 lost, 0 doubled")
}

func TestTheBuildIsNamedByItsContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := func(content string) string {
		path := filepath.Join(dir, "program")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		build, err := digest(path, path)
		require.NoError(t, err)
		return build
	}
	one := name("one")
	require.Equal(t, one, name("one"))
	require.NotEqual(t, one, name("two"))
	_, err := digest(filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "name the build")
}

func TestTheBrokerThatIsSetWins(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	kind, err := load(t, "BROKER=embedded").kind(t.Context(), &said)
	require.NoError(t, err)
	require.Equal(t, broker.Embedded, kind)
	require.Contains(t, said.String(), "the broker is: Embedded broker (kfake v")

	said.Reset()
	kind, err = load(t).kind(t.Context(), &said)
	require.NoError(t, err)
	want := broker.Apache
	if broker.ApacheAvailable(t.Context()) != nil {
		want = broker.Embedded
	}
	require.Equal(t, want, kind)
	require.Contains(t, said.String(), "the broker is: "+broker.Describe(want))
}

// TestThePageHasEveryCell holds the page against the matrix: make faults-report makes it anew.
func TestThePageHasEveryCell(t *testing.T) {
	t.Parallel()
	root, err := repository.Root()
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(root, "docs", "faults.md"))
	require.NoError(t, err)
	_, made, found := strings.Cut(string(page), report.Marker)
	require.True(t, found)
	for _, cell := range matrix.Cells() {
		require.Contains(t, made, "| `"+cell.Name+"` | "+cell.Does+" |")
	}
}

func TestJobsAreSpread(t *testing.T) {
	t.Parallel()
	jobs := make([]job, 7)
	for i := range jobs {
		jobs[i].seed = uint64(i)
	}
	for parts, want := range map[int][]uint64{1: {0, 1, 2, 3, 4, 5, 6}, 3: {0, 3, 6, 1, 4, 2, 5}, 16: {0, 1, 2, 3, 4, 5, 6}} {
		var got []uint64
		for _, j := range spread(jobs, parts) {
			got = append(got, j.seed)
		}
		require.Equal(t, want, got, "%d parts", parts)
	}
	require.Empty(t, spread(nil, 3))
}
