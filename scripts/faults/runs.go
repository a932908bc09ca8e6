package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/faults/matrix"
	"ordertrack/scripts/faults/results"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/repository"
)

// runner runs cells, some at the same time, and writes down what came of each.
type runner struct {
	cfg            config
	kind           broker.Kind
	programs       stack.Programs
	cache          string // absolute
	build          string
	file           *results.File
	stdout, stderr io.Writer

	mu    sync.Mutex
	state tally
}

// job is one run of a cell.
type job struct {
	cell matrix.Cell
	seed uint64
}

// runAll runs all that is to be run, and tells whether any failed.
func (r *runner) runAll(ctx context.Context) (failed bool, err error) {
	jobs, skipped := r.pending()
	r.state = tally{total: len(jobs), begin: time.Now(), running: map[int]string{}}
	if skipped > 0 {
		fmt.Fprintf(r.stderr, "%s: %d runs are in %s already and passed\n", programName, skipped, r.cfg.Results)
	}
	stop := r.tell()
	defer stop()
	queue := make(chan job, len(jobs))
	for _, j := range spread(jobs, r.cfg.Jobs) {
		queue <- j
	}
	close(queue)
	slots, ctx := errgroup.WithContext(ctx)
	for slot := range r.cfg.Jobs {
		slots.Go(func() error {
			for j := range queue {
				if err := r.run(ctx, slot, j); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = slots.Wait()
	fmt.Fprintln(r.stdout, r.summary())
	return r.state.failed > 0, err
}

// spread takes jobs in turn from so many parts of the list: neighbours in it are alike, and those that rest for long had
// better not all rest at the same time.
func spread(jobs []job, parts int) []job {
	size := (len(jobs) + parts - 1) / parts
	mixed := make([]job, 0, len(jobs))
	for at := range size {
		for i := at; i < len(jobs); i += size {
			mixed = append(mixed, jobs[i])
		}
	}
	return mixed
}

// pending are the jobs that did not pass yet with the same programs, seed by seed. Without SEEDS each cell runs once, with
// the seed that is set or one by chance.
func (r *runner) pending() (jobs []job, skipped int) {
	if r.cfg.Seeds == 0 {
		for _, cell := range r.cfg.cells() {
			jobs = append(jobs, job{cell: cell, seed: r.cfg.seed()})
		}
		return jobs, 0
	}
	first := max(r.cfg.Seed, 1)
	for seed := first; seed < first+r.cfg.Seeds; seed++ {
		for _, cell := range r.cfg.cells() {
			if r.file.Passed(cell.Name, r.setup(uint64(seed))) {
				skipped++
				continue
			}
			jobs = append(jobs, job{cell: cell, seed: uint64(seed)})
		}
	}
	return jobs, skipped
}

// setup lacks what is known only when the cell has run.
func (r *runner) setup(seed uint64) results.Setup {
	return results.Setup{
		Seed: seed, Build: r.build, Broker: broker.Describe(r.kind), Go: runtime.Version(),
		Sarama: repository.ModuleVersion("github.com/IBM/sarama"),
		Orders: r.cfg.Orders, Names: r.cfg.Names, Clients: r.cfg.Clients, Hold: r.cfg.Hold,
	}
}

// run runs a cell in a folder of its own, and keeps the folder of one that failed.
func (r *runner) run(ctx context.Context, slot int, j job) (err error) {
	trial := r.cfg.trial(r.programs, r.cache, r.kind, j.seed)
	trial.Stack.Slot, trial.Stack.Slots = slot, r.cfg.Jobs
	trial.Stack.Dir, err = stack.MakeDir(r.cfg.Dir, j.cell.Name)
	if err != nil {
		return err
	}
	trial.Progress = func(settled, orders int) {
		r.note(slot, fmt.Sprintf("%s, %d of %d orders answered", j.cell.Name, settled, orders))
	}
	r.note(slot, j.cell.Name)
	result := trial.Run(ctx, j.cell)
	if ctx.Err() != nil { // what came of it says nothing
		return errors.Join(fmt.Errorf("%s: %w", j.cell.Name, context.Cause(ctx)), os.RemoveAll(trial.Stack.Dir))
	}
	r.done(slot, result, trial.Stack.Dir)
	if result.Skipped != "" { // it says nothing about the promise, and is tried again
		return os.RemoveAll(trial.Stack.Dir)
	}
	if err := r.file.Append(runOf(result, r.setup(j.seed))); err != nil || result.Failed() {
		return err
	}
	return os.RemoveAll(trial.Stack.Dir)
}

// runOf is the result as it is kept.
func runOf(result *matrix.Result, setup results.Setup) results.Run {
	setup.Postgres = result.Version
	return results.Run{
		Cell: result.Cell.Name, Does: result.Cell.Does, Time: time.Now().UTC(), Setup: setup,
		Sent: result.Claims.Sent, Acknowledged: result.Claims.Acknowledged, Unknown: result.Claims.Unknown,
		Found: result.Claims.Found, Refused: result.Claims.Refused, Lost: result.Lost(), Doubled: result.Doubled(),
		Forgotten: int64(result.Claims.Forgotten), Repeats: result.Repeats, Resent: result.Resent,
		Healed: result.Ready + result.Rest, Took: result.Took, Memory: result.Memory, Problems: result.Problems,
	}
}

// digest names what is run: the services, and this program itself.
func digest(paths ...string) (string, error) {
	sum := sha256.New()
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("name the build: %w", err)
		}
		_, err = io.Copy(sum, file)
		if err := errors.Join(err, file.Close()); err != nil {
			return "", fmt.Errorf("name the build: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:6]), nil
}
