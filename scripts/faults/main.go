// Command faults runs the fault matrix: for each cell it starts a system of its own, sends orders from many clients,
// does a fault in the middle, and holds the clients' own records and both databases against each other.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"ordertrack/scripts/faults/matrix"
	"ordertrack/scripts/faults/report"
	"ordertrack/scripts/faults/results"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/postgres"
	"ordertrack/scripts/localstack/process"
	"ordertrack/scripts/localstack/repository"
	"ordertrack/scripts/program"
)

const programName = "faults"

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // a cell failed
	exitUsage  = 2 // nothing was tried
)

func main() {
	process.Dispatch(broker.EmbeddedRole, postgres.FetchRole)
	program.Main(run)
}

// run is the program without the process around it.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	reporting := len(args) == 1 && args[0] == "report"
	if reporting {
		args = nil
	}
	cfg, err := program.Settings[config](args, environ, stdout, programName, summary())
	switch {
	case errors.Is(err, program.ErrHelp):
		return exitOK
	case err != nil:
		return fail(stderr, err, exitUsage)
	}
	if reporting {
		if err := writeReport(cfg); err != nil {
			return fail(stderr, err, exitFailed)
		}
		return exitOK
	}
	failed, err := runCells(ctx, cfg, stdout, stderr)
	if err != nil {
		return fail(stderr, err, exitFailed)
	}
	if failed {
		return exitFailed
	}
	return exitOK
}

func fail(stderr io.Writer, err error, code int) int {
	fmt.Fprintf(stderr, "%s: %v\n", programName, err)
	return code
}

// summary lists the cells.
func summary() string {
	var b strings.Builder
	b.WriteString("runs the fault matrix, each cell on a system of its own; with the argument \"report\",\n" +
		"writes what came of all runs into docs/faults.md\n\nCells:\n")
	for _, cell := range matrix.Cells() {
		fmt.Fprintf(&b, "  %-34s %s\n", cell.Name, cell.Does)
	}
	b.WriteString("\nThe exit code is 0 when each cell kept the promise, and 1 when one did not: its data and logs are kept then.")
	return b.String()
}

// runCells builds what is to be run, and runs it.
func runCells(ctx context.Context, cfg config, stdout, stderr io.Writer) (failed bool, err error) {
	root, err := repository.Root()
	if err != nil {
		return false, err
	}
	file, err := results.Open(repository.Below(root, cfg.Results))
	if err != nil {
		return false, err
	}
	kind, err := cfg.kind(ctx, stderr)
	if err != nil {
		return false, err
	}
	bin, err := stack.MakeDir(cfg.Dir, "bin")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(bin)) }()
	fmt.Fprintf(stderr, "%s: building the services\n", programName)
	programs, err := stack.Build(ctx, bin)
	if err != nil {
		return false, err
	}
	self, err := os.Executable()
	if err != nil {
		return false, fmt.Errorf("find this program: %w", err)
	}
	build, err := digest(append(programs.Paths(), self)...)
	if err != nil {
		return false, err
	}
	r := &runner{
		cfg: cfg, kind: kind, programs: programs, cache: repository.Below(root, cfg.CacheDir), build: build, file: file,
		stdout: stdout, stderr: stderr,
	}
	return r.runAll(ctx)
}

// writeReport makes the table in docs/faults.md anew.
func writeReport(cfg config) error {
	root, err := repository.Root()
	if err != nil {
		return err
	}
	file, err := results.Open(repository.Below(root, cfg.Results))
	if err != nil {
		return err
	}
	path := filepath.Join(root, "docs", "faults.md")
	page, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	text, err := report.Replace(string(page), reportCells(), file.Runs())
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func reportCells() []report.Cell {
	all := matrix.Cells()
	cells := make([]report.Cell, 0, len(all))
	for _, cell := range all {
		cells = append(cells, report.Cell{Name: cell.Name, Does: cell.Does})
	}
	return cells
}
