package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func bench(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, environ, &out, &errs)
	return code, out.String(), errs.String()
}

func TestHelpListsRowsAndSettings(t *testing.T) {
	t.Parallel()
	code, stdout, _ := bench(t, nil, "--help")
	require.Equal(t, exitOK, code)
	for _, part := range []string{"post-naive", "watermill-follow", "ROUNDS", "(default 5s)"} {
		require.Contains(t, stdout, part)
	}
}

func TestWrongUseIsSaid(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"ONLY=fast":      "ONLY: there is no row fast",
		"BROKER=rabbit":  "BROKER:",
		"ROUNDS=0":       "ROUNDS:",
		"DURATION=1h":    "DURATION:",
		"CLIENTS=100000": "CLIENTS:",
	} {
		code, _, stderr := bench(t, []string{setting})
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, want)
	}
	code, _, stderr := bench(t, nil, "fast")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, `unknown argument "fast"`)
}

func TestADatabaseInMemoryIsNoFigure(t *testing.T) {
	t.Parallel()
	const memory = "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		t.Skip("this system has no ", memory)
	}
	dir := filepath.Join(memory, filepath.Base(testenv.DataDir(t)))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	code, stdout, stderr := bench(t, append(small(t), "BENCH_DIR="+dir, "ONLY=ready-orders"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "is in memory")
	require.Empty(t, stdout)
}

// small settings measure nothing worth knowing, in little time.
func small(t *testing.T) []string {
	t.Helper()
	cache, err := testenv.CacheDir()
	require.NoError(t, err)
	return []string{
		"BROKER=embedded", "ROUNDS=1", "DURATION=300ms", "WARM_UP=50ms", "WARM_BROKER=300ms", "CLIENTS=8", "RATE=100", "BACKLOG=100000", "TABLE=1000",
		"LOCAL_CACHE=" + cache, "PG_BIN_DIR=" + os.Getenv("PG_BIN_DIR"), "POSTGRES_MIRROR=" + os.Getenv("POSTGRES_MIRROR"),
	}
}

// TestEveryKindOfRowCanBeMeasured runs one variant or two of each experiment on a system of its own.
func TestEveryKindOfRowCanBeMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	dir, profiles := testenv.DataDir(t), filepath.Join(t.TempDir(), "profiles")
	code, stdout, stderr := bench(t, append(small(t), "BENCH_DIR="+dir, "PROFILES="+profiles,
		"ONLY=post-naive,post-ceiling,latency-p99,exactly-once,count-naive,count-drain,follow-p50,full-table,ready-users,size-users"))
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "goals met")
	require.NotContains(t, stdout, "not measured")
	require.Contains(t, stderr, "0 of 13, warming the broker")
	require.Contains(t, stderr, "round 1 of 1 of full: order_service, full table")
	taken, err := filepath.Glob(filepath.Join(profiles, "*.pprof"))
	require.NoError(t, err)
	require.NotEmpty(t, taken)
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Empty(t, left, "the data is removed")
}
