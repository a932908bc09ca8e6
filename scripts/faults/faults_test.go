package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/faults/matrix"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/scripts/verify/audit"
	"ordertrack/shared/settings"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// TestCells runs whole systems: the first cell as "make faults" does, and cells that break the promise, which must be
// found out.
func TestCells(t *testing.T) {
	t.Parallel()
	programs, err := stack.Build(t.Context(), t.TempDir())
	require.NoError(t, err)

	t.Run("kill both services", func(t *testing.T) {
		t.Parallel()
		killBothServices(t, programs, broker.Embedded)
	})
	t.Run("kill both services with Apache Kafka", func(t *testing.T) {
		t.Parallel()
		if os.Getenv("CI") != "true" {
			t.Skip("only with CI=true; by hand: make faults BROKER=apache")
		}
		killBothServices(t, programs, broker.Apache)
	})
	t.Run("a counter too high, an order gone", func(t *testing.T) {
		t.Parallel()
		tampered(t, programs)
	})
	t.Run("a fault that is none", func(t *testing.T) {
		t.Parallel()
		harmless(t, programs)
	})
	t.Run("a service that stays away", func(t *testing.T) {
		t.Parallel()
		stayedAway(t, programs)
	})
}

func load(t *testing.T, environ ...string) config {
	t.Helper()
	cache, err := testenv.CacheDir()
	require.NoError(t, err)
	cfg, err := settings.Load[config](append(environ, "LOCAL_CACHE="+cache, "SEED=7",
		"PG_BIN_DIR="+os.Getenv("PG_BIN_DIR"), "POSTGRES_MIRROR="+os.Getenv("POSTGRES_MIRROR")))
	require.NoError(t, err)
	return cfg
}

func killBothServices(t *testing.T, programs stack.Programs, kind broker.Kind) {
	t.Helper()
	orders := 20_000
	if testing.Short() {
		orders = 2_000
	}
	cfg := load(t, "BROKER="+string(kind), "CELL=kill-both-services")
	cfg.Orders = orders
	trial := cfg.trial(programs, cfg.CacheDir, kind, 7)
	trial.Stack.Dir = testenv.DataDir(t)

	result := trial.Run(t.Context(), cfg.cells()[0])
	t.Log(result)
	require.Empty(t, result.Problems)
	require.Equal(t, orders, result.Claims.Acknowledged+result.Claims.Unknown)
	require.Positive(t, result.Claims.Refused+result.Claims.Unknown, "nobody noticed the kill")
	require.Equal(t, result.Audit.Orders, int64(result.Claims.Acknowledged+result.Claims.Found))
	require.EqualValues(t, 200, result.Audit.Exact)
	require.Zero(t, result.Lost()+result.Doubled())
}

// tampered does by hand what no fault may ever do.
func tampered(t *testing.T, programs stack.Programs) {
	t.Helper()
	cell := matrix.Cell{Name: "tampered", Does: "changes behind the services' backs", Do: func(
		ctx context.Context, system *stack.Stack, load *workload.Load,
	) error {
		if err := load.Await(ctx, 1); err != nil {
			return err
		}
		if err := audit.AwaitRest(ctx, system.Databases()); err != nil {
			return err
		}
		if err := change(ctx, system.Databases().Track, `UPDATE track_user SET counter = counter + 1 WHERE name = $1`); err != nil {
			return err
		}
		return change(ctx, system.Databases().Orders, `DELETE FROM orders WHERE id = (SELECT max(id) FROM orders WHERE name <> $1)`)
	}}
	said := runBroken(t, programs, cell)
	require.Contains(t, said, "lost 1, doubled 2,") // the order that is gone is counted, which is one too many again
	require.Contains(t, said, "was acknowledged to the client as its order")
	require.Contains(t, said, `"User 0": the counter is`)
	require.Contains(t, said, "orders: the ids are not 1 to 200 without a gap: there are 199")
}

func change(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql, workload.Name(0))
	return err
}

func stayedAway(t *testing.T, programs stack.Programs) {
	t.Helper()
	cell := matrix.Cell{Name: "stayed-away", Does: "kills track_users for good", Do: func(
		ctx context.Context, system *stack.Stack, load *workload.Load,
	) error {
		if err := load.Await(ctx, 0.5); err != nil {
			return err
		}
		return system.Track[0].Kill()
	}}
	said := runBroken(t, programs, cell)
	require.Contains(t, said, "heal: track_users: it ended by itself: signal: killed")
	require.Contains(t, said, "heal: track_users does not run")
	require.Contains(t, said, "events are on their way")
	require.Contains(t, said, "verify: not at rest")
}

// harmless is the cell that kills the broker, without that it does so.
func harmless(t *testing.T, programs stack.Programs) {
	t.Helper()
	cells, _ := matrix.Find("kill-broker")
	cells[0].Do = func(ctx context.Context, _ *stack.Stack, load *workload.Load) error { return load.Await(ctx, 0.5) }
	said := runBroken(t, programs, cells[0])
	require.Contains(t, said, "lost 0, doubled 0,")
	require.Contains(t, said, "evidence: the fault was none: ends of the broker by SIGKILL: 0, and at least 1 are wanted")
}

// runBroken runs a cell of 200 orders that must fail, and returns what is printed. The folder must be kept.
func runBroken(t *testing.T, programs stack.Programs, cell matrix.Cell) string {
	t.Helper()
	cfg := load(t, "ORDERS=200", "NAMES=20", "HEAL_LIMIT=1s", "FAULTS_DIR="+testenv.DataDir(t))
	var stdout bytes.Buffer
	r := runnerOf(t, cfg, filepath.Join(cfg.Dir, "results.jsonl"))
	r.programs, r.stdout, r.state.running = programs, &stdout, map[int]string{}
	require.NoError(t, r.run(t.Context(), 0, job{cell: cell, seed: 7}))
	require.Equal(t, 1, r.state.failed)
	require.Len(t, r.file.Runs(), 1)
	require.True(t, r.file.Runs()[0].Failed())
	said := stdout.String()
	require.Contains(t, said, "FAILED "+cell.Name)
	require.Contains(t, said, "again: make faults CELL="+cell.Name+" SEED=7 BROKER=embedded\n")
	_, rest, found := strings.Cut(said, "data and logs are kept in ")
	require.True(t, found, said)
	dir, _, _ := strings.Cut(rest, "\n")
	require.FileExists(t, filepath.Join(dir, "order_service.log"))
	return said
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args, environ []string
		want          string
	}{
		"unknown argument": {args: []string{"all"}, want: `faults: unknown argument "all"; all settings come from the environment`},
		"unknown cell":     {environ: []string{"CELL=kill-both-services,kill-nobody"}, want: "faults: CELL: there is no cell kill-nobody, see --help"},
		"unknown broker":   {environ: []string{"BROKER=rabbit"}, want: "faults: BROKER: "},
		"bad seed":         {environ: []string{"SEED=-1"}, want: "faults: SEED: "},
		"bad folder":       {environ: []string{"FAULTS_DIR=here"}, want: `faults: FAULTS_DIR: "here" is not an absolute path`},
		"no jobs":          {environ: []string{"JOBS=0"}, want: "faults: JOBS: "},
		"bad seeds":        {environ: []string{"SEEDS=-1"}, want: "faults: SEEDS: "},
		"a short hold":     {environ: []string{"HOLD=1ms"}, want: "faults: HOLD: "},
		"idle clients":     {environ: []string{"ORDERS=10"}, want: "faults: ORDERS: 10 is not from 32 to"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			require.Equal(t, exitUsage, run(t.Context(), c.args, c.environ, &stdout, &stderr))
			require.Contains(t, stderr.String(), c.want)
			require.Empty(t, stdout.String())
		})
	}
}

func TestHelpListsTheCells(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, exitOK, run(t.Context(), []string{"--help"}, nil, &stdout, &stderr))
	for _, cell := range matrix.Cells() {
		require.Contains(t, stdout.String(), cell.Name)
	}
	require.Contains(t, stdout.String(), "SEED")
}

func TestASeedIsTakenByChance(t *testing.T) {
	t.Parallel()
	cfg := load(t)
	require.EqualValues(t, 7, cfg.seed())
	cfg.Seed = 0
	seeds := map[uint64]bool{}
	for range 20 {
		seeds[cfg.seed()] = true
	}
	require.Greater(t, len(seeds), 10)
}
