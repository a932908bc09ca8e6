// Command mutants takes each guard that the promise stands on out of the code, one at a time and never in the tree
// itself, and runs the tests meant for it: one of them must turn red.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"ordertrack/scripts/localstack/repository"
	"ordertrack/scripts/mutants/guards"
	"ordertrack/scripts/mutants/trial"
	"ordertrack/scripts/program"
	"ordertrack/shared/settings"
)

const programName = "mutants"

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // a mutant survived or did not compile, or the table is stale
	exitUsage  = 2 // nothing was tried
)

// config holds the settings.
type config struct {
	Only []string `env:"ONLY" help:"guards to try, separated by commas, with their tests' output; empty tries all and writes docs/mutants.md"`
}

// Validate checks the settings' values.
func (c config) Validate() error {
	if _, unknown := guards.Find(c.Only...); len(unknown) > 0 {
		return &settings.Error{Setting: "ONLY", Problem: "there is no guard " + strings.Join(unknown, ", ") + ", see --help"}
	}
	return nil
}

func main() {
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
	root, err := repository.Root()
	if err != nil {
		return fail(stderr, err, exitUsage)
	}
	results, err := tryAll(ctx, root, cfg, stdout, stderr)
	if err != nil {
		return fail(stderr, err, exitFailed)
	}
	if len(cfg.Only) == 0 {
		if err := os.WriteFile(filepath.Join(root, "docs", "mutants.md"), []byte(document(results)), 0o644); err != nil {
			return fail(stderr, fmt.Errorf("write the report: %w", err), exitFailed)
		}
	}
	if unnoticed := countUnnoticed(results); unnoticed > 0 {
		return fail(stderr, fmt.Errorf("%d of %d guards can be taken out unnoticed", unnoticed, len(results)), exitFailed)
	}
	return exitOK
}

func fail(stderr io.Writer, err error, code int) int {
	fmt.Fprintf(stderr, "%s: %v\n", programName, err)
	return code
}

// summary lists the guards.
func summary() string {
	var b strings.Builder
	b.WriteString("takes each guard out of the code and runs the tests that must notice\n\nGuards:\n")
	for _, guard := range guards.All() {
		fmt.Fprintf(&b, "  %-30s %s\n", guard.Name, guard.Keeps)
	}
	b.WriteString("\nThe exit code is 0 when a test noticed each, and 1 when one survived or did not compile.")
	return b.String()
}

func tryAll(ctx context.Context, root string, cfg config, stdout, stderr io.Writer) (results []trial.Result, err error) {
	table, _ := guards.Find(cfg.Only...)
	for _, guard := range table { // before anything is run
		if _, err := guard.Mutated(root); err != nil {
			return nil, err
		}
	}
	tree, err := trial.NewCopy(root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tree.Remove()) }()
	fmt.Fprintf(stderr, "%s: running the tests on the code as it is\n", programName)
	if err := tree.Control(ctx, table); err != nil {
		return nil, err
	}
	for _, guard := range table {
		result, err := tree.Run(ctx, guard)
		if err != nil {
			return nil, err
		}
		fmt.Fprintln(stdout, line(result))
		if result.Verdict != trial.Red || len(cfg.Only) > 0 {
			fmt.Fprintln(stderr, result.Output)
		}
		results = append(results, result)
	}
	return results, nil
}
