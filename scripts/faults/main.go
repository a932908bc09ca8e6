// Command faults runs the fault matrix: for each cell it starts a system of its own, sends orders from many clients,
// does a fault in the middle, and holds the clients' own records and both databases against each other.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"ordertrack/scripts/faults/matrix"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/postgres"
	"ordertrack/scripts/localstack/process"
	"ordertrack/scripts/localstack/repository"
	"ordertrack/shared/settings"
)

const program = "faults"

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // a cell failed
	exitUsage  = 2 // nothing was tried
)

func main() {
	process.Dispatch(broker.EmbeddedRole, postgres.FetchRole)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program without the process around it.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h" || args[0] == "-help") {
		if err := settings.Help[config](stdout, program, summary()); err != nil {
			return fail(stderr, err, exitUsage)
		}
		return exitOK
	}
	if len(args) > 0 {
		return fail(stderr, fmt.Errorf("unknown argument %q; all settings come from the environment, see --help", args[0]), exitUsage)
	}
	cfg, err := settings.Load[config](environ)
	if err != nil {
		return fail(stderr, err, exitUsage)
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
	fmt.Fprintf(stderr, "%s: %v\n", program, err)
	return code
}

// summary lists the cells.
func summary() string {
	var b strings.Builder
	b.WriteString("runs the fault matrix, each cell on a system of its own\n\nCells:\n")
	for _, cell := range matrix.Cells() {
		fmt.Fprintf(&b, "  %-34s %s\n", cell.Name, cell.Does)
	}
	b.WriteString("\nThe exit code is 0 when each cell kept the promise, and 1 when one did not: its data and logs are kept then.")
	return b.String()
}

func runCells(ctx context.Context, cfg config, stdout, stderr io.Writer) (failed bool, err error) {
	root, err := repository.Root()
	if err != nil {
		return false, err
	}
	bin, err := stack.MakeDir(cfg.Dir, "bin")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(bin)) }()
	fmt.Fprintf(stderr, "%s: building the services\n", program)
	programs, err := stack.Build(ctx, bin)
	if err != nil {
		return false, err
	}
	for _, cell := range cfg.cells() {
		trial := cfg.trial(programs, repository.Below(root, cfg.CacheDir))
		trial.Progress = func(settled, orders int) {
			fmt.Fprintf(stderr, "%s: %s: %d of %d orders answered\n", program, cell.Name, settled, orders)
		}
		ok, err := runCell(ctx, cfg, trial, cell, stdout)
		if err != nil {
			return failed, err
		}
		failed = failed || !ok
	}
	return failed, nil
}

// runCell keeps the folder of a cell that failed.
func runCell(ctx context.Context, cfg config, trial matrix.Trial, cell matrix.Cell, stdout io.Writer) (ok bool, err error) {
	trial.Stack.Dir, err = stack.MakeDir(cfg.Dir, cell.Name)
	if err != nil {
		return false, err
	}
	result := trial.Run(ctx, cell)
	if ctx.Err() != nil { // what came of it says nothing
		return false, errors.Join(fmt.Errorf("%s: %w", cell.Name, context.Cause(ctx)), os.RemoveAll(trial.Stack.Dir))
	}
	fmt.Fprintln(stdout, result)
	if !result.Failed() {
		return true, os.RemoveAll(trial.Stack.Dir)
	}
	fmt.Fprintf(stdout, "  data and logs are kept in %s\n  again: make faults CELL=%s SEED=%d\n", trial.Stack.Dir, cell.Name, result.Seed)
	return false, nil
}
