// Package trial takes a guard out of a copy of the code and runs the tests that must notice.
package trial

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"ordertrack/scripts/mutants/guards"
)

// testLimit is how long the tests of one guard may take: a test that hangs is red, too.
const testLimit = time.Minute

// Verdict is what became of a guard that was taken out.
type Verdict string

// The verdicts there are. All but Red are a defect of the table or of the tests.
const (
	Red         Verdict = "red"              // a test noticed
	Survived    Verdict = "SURVIVED"         // all tests passed
	NotCompiled Verdict = "does not compile" // nothing was tested
	NoTest      Verdict = "no test ran"      // the pattern fits none, or all were skipped
	Unclear     Verdict = "unclear"          // the go tool failed, and no test did
)

// Result is what became of one guard.
type Result struct {
	Guard   guards.Guard
	Verdict Verdict
	Tests   []string // that turned red, as the go tool names them
	Took    time.Duration
	Output  string // of the go tool
}

// Run takes one guard out, runs its tests, and puts it back. An error means that nothing could be tried.
func (c *Copy) Run(ctx context.Context, guard guards.Guard) (result Result, err error) {
	begin := time.Now()
	mutated, err := guard.Mutated(c.dir)
	if err != nil {
		return Result{}, err
	}
	originals, err := c.originals(mutated)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, c.put(originals)) }()
	if err := c.put(mutated); err != nil {
		return Result{}, err
	}
	report, err := c.test(ctx, guard.Package, guard.Run, "-count=1", "-timeout="+testLimit.String())
	if err != nil {
		return Result{}, err
	}
	return Result{
		Guard: guard, Verdict: report.verdict(), Tests: report.failed(), Took: time.Since(begin), Output: report.output.String(),
	}, nil
}

// Control runs the tests of some guards on the code as it is: what is red there shows nothing.
func (c *Copy) Control(ctx context.Context, all []guards.Guard) error {
	patterns := map[string][]string{}
	var packages []string
	for _, guard := range all {
		if patterns[guard.Package] == nil {
			packages = append(packages, guard.Package)
		}
		patterns[guard.Package] = append(patterns[guard.Package], guard.Run)
	}
	for _, pkg := range packages {
		report, err := c.test(ctx, pkg, strings.Join(patterns[pkg], "|"))
		if err != nil {
			return err
		}
		if verdict := report.verdict(); verdict != Survived {
			return fmt.Errorf("the code as it is: %s: %s %v\n%s", pkg, verdict, report.failed(), report.output.String())
		}
	}
	return nil
}

// test runs tests of one package, without Apache Kafka. That they fail is no error.
func (c *Copy) test(ctx context.Context, pkg, pattern string, flags ...string) (*report, error) {
	args := append([]string{"test", "-json", "-short", "-vet=off", "-run=" + pattern}, flags...)
	command := exec.CommandContext(ctx, "go", append(args, pkg)...)
	command.Dir, command.Env = c.dir, c.environ()
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		return nil, fmt.Errorf("run the go tool: %w", err)
	}
	report := read(&stdout)
	report.passed = err == nil
	report.output.Write(stderr.Bytes())
	return report, nil
}
