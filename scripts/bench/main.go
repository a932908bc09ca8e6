// Command bench measures the system next to what one would otherwise write or pick, and next to the limit: it starts
// everything itself, measures in turn what it compares, prints a table, and writes docs/benchmarks.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"ordertrack/scripts/bench/report"
	"ordertrack/scripts/bench/rig"
	"ordertrack/scripts/bench/score"
	"ordertrack/scripts/bench/trial"
	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/postgres"
	"ordertrack/scripts/localstack/process"
	"ordertrack/scripts/localstack/repository"
	"ordertrack/scripts/program"
)

const programName = "bench"

// Exit codes.
const (
	exitOK     = 0 // measured, whatever came of the goals
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	process.Dispatch(broker.EmbeddedRole, postgres.FetchRole)
	program.Main(run)
}

// run is the program without the process around it.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	cfg, err := program.Settings[config](args, environ, stdout, programName, summary())
	switch {
	case errors.Is(err, program.ErrHelp):
		return exitOK
	case err != nil:
		return fail(stderr, err, exitUsage)
	}
	if err := measure(ctx, cfg, stdout, stderr); err != nil {
		return fail(stderr, err, exitFailed)
	}
	return exitOK
}

func fail(stderr io.Writer, err error, code int) int {
	fmt.Fprintf(stderr, "%s: %v\n", programName, err)
	return code
}

// summary lists the rows.
func summary() string {
	var b strings.Builder
	b.WriteString("measures the system next to others and next to the limit\n\nRows:\n")
	for _, row := range score.Rows() {
		against := ""
		if row.Against != "" {
			against = " / " + row.Against
		}
		fmt.Fprintf(&b, "  %-18s %s%s\n", row.Key, row.What, against)
	}
	b.WriteString("\nThe exit code is 0 when all was measured, whether or not the goals are met.")
	return b.String()
}

func measure(ctx context.Context, cfg config, stdout, stderr io.Writer) (err error) {
	busy := report.LoadAverage()
	root, err := repository.Root()
	if err != nil {
		return err
	}
	dir, err := rig.MakeDir(repository.Below(root, cfg.Dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintf(stderr, "%s: building the programs, starting PostgreSQL and the broker\n", programName)
	r, err := rig.Start(ctx, rig.Options{
		Dir: dir, CacheDir: repository.Below(root, cfg.CacheDir), PGBinDir: cfg.PGBinDir, Mirror: cfg.Mirror,
		Broker: cfg.kind(ctx), Profiles: cfg.Profiles,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close(ctx)) }()
	result, err := runRows(ctx, cfg, r, stderr)
	if err != nil {
		return err
	}
	result.Machine.Load = busy
	if err := result.Table(stdout); err != nil {
		return err
	}
	if len(cfg.Only) > 0 {
		return nil
	}
	return result.Write(repository.Below(root, cfg.Docs))
}

func runRows(ctx context.Context, cfg config, r *rig.Rig, stderr io.Writer) (report.Run, error) {
	result := report.Run{At: time.Now(), Plan: cfg.plan(), Rounds: cfg.Rounds}
	var err error
	if result.Machine, err = report.Describe(ctx, r); err != nil {
		return result, err
	}
	rows, _ := score.Find(cfg.Only)
	bench := trial.New(r, cfg.plan())
	line := newProgress(stderr, time.Now())
	result.Results, err = bench.Run(ctx, cfg.Rounds, score.Wanted(rows), line.tell)
	line.end()
	if err != nil {
		return result, err
	}
	result.Latencies = bench.Latencies
	result.Scores = score.Of(rows, result.Results)
	return result, nil
}
