package matrix

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"ordertrack/scripts/faults/claims"
	"ordertrack/scripts/faults/published"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/scripts/verify/audit"
)

// Trial is how cells are run.
type Trial struct {
	Stack    stack.Options
	Plan     workload.Plan             // without the URLs
	Limit    time.Duration             // of the load, from its start to its last answer; a plan's Hold comes on top
	Heal     time.Duration             // of what is waited for after the fault: all ready, and no lag
	Progress func(settled, orders int) // called now and then; may be nil
}

const progressPeriod = 2 * time.Second

// Run runs a cell on a new system and judges what came of it. Whatever goes wrong is a problem in the result.
func (t Trial) Run(ctx context.Context, cell Cell) *Result {
	begin := time.Now()
	cell = cell.With(t.Plan.Seed)
	result := &Result{Cell: cell, Seed: t.Plan.Seed}
	defer func() { result.Took = time.Since(begin) }()
	opts := t.Stack
	opts.Needs = cell.Needs
	system, err := stack.Start(ctx, opts)
	if lacking, ok := errors.AsType[*stack.NoDiskError](err); ok {
		result.Skipped = lacking.Error()
		return result
	}
	if err != nil {
		result.problem("start the system", err)
		return result
	}
	result.Version, err = system.PostgresVersion(ctx)
	result.problem("ask for the version", err)
	if ledger := t.disturb(ctx, cell, system, result); ledger != nil {
		t.settle(ctx, system, result)
		judge(ctx, system, ledger, result)
	}
	result.Memory = system.Memory()
	judgeMemory(result)
	for _, part := range system.Down() {
		result.problem("heal", fmt.Errorf("%s does not run", part))
	}
	result.problem("end the system", system.Close(ctx))
	return result
}

// disturb does the fault under load and waits until the system is ready again and the load has ended. It returns nothing
// when the fault could not be done.
func (t Trial) disturb(ctx context.Context, cell Cell, system *stack.Stack, result *Result) *workload.Ledger {
	loadCtx, cancel := context.WithTimeoutCause(ctx, t.Limit+t.Plan.Hold, fmt.Errorf("the limit of %s is over", t.Limit+t.Plan.Hold))
	defer cancel()
	plan := t.Plan
	plan.URLs, plan.Keyed = system.ClientURLs(), cell.Keyed
	load := workload.Start(loadCtx, plan)
	stop := t.tell(load)
	defer stop()

	if err := cell.Do(loadCtx, system, load); err != nil {
		result.problem("do the fault", err)
		cancel()
		_, _ = load.Wait() // cut short by us
		return nil
	}
	result.problem("evidence", system.Evidence().Hold(cell.Shows))
	undone := time.Now()
	healCtx, done := context.WithTimeoutCause(ctx, t.Heal, fmt.Errorf("the limit of %s is over", t.Heal))
	defer done()
	result.problem("heal", system.WaitReady(healCtx))
	result.Ready = time.Since(undone)
	ledger, err := load.Wait()
	result.problem("send the orders", err)
	return ledger
}

// settle waits until everything is counted: the orders, and the records of a stranger.
func (t Trial) settle(ctx context.Context, system *stack.Stack, result *Result) {
	begin := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, t.Heal, fmt.Errorf("the limit of %s is over", t.Heal))
	defer cancel()
	result.problem("heal", audit.AwaitRest(ctx, system.Databases()))
	result.problem("strange records", system.Strange().Await(ctx, system.Databases().Track))
	result.Rest = time.Since(begin)
}

// tell calls Progress until the function that it returns is called.
func (t Trial) tell(load *workload.Load) (stop func()) {
	if t.Progress == nil {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(progressPeriod)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				t.Progress(load.Progress())
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// judge holds the clients' claims against the orders, and the orders against the counters.
func judge(ctx context.Context, system *stack.Stack, ledger *workload.Ledger, result *Result) {
	held, err := claims.Hold(ctx, system.Databases().Orders, ledger)
	result.problem("hold the clients' claims against the orders", err)
	if held != nil {
		result.Claims = *held
		for _, difference := range held.Differences {
			result.problem("claims", errors.New(difference))
		}
	}
	judgeTopic(ctx, system, result)
	report, err := audit.Run(ctx, system.Databases())
	result.problem("verify", err)
	if report != nil {
		result.Audit = *report
		if report.Verdict() != audit.Exact {
			result.problem("verify", errors.New(report.String()))
		}
	}
	result.Repeats, err = system.Repeats(ctx)
	result.problem("repeats", err)
	result.Resent, err = system.Retransmitted(ctx)
	result.problem("events sent again", err)
	judgeConduct(result)
}

// maxRecords is what is read of each partition.
const maxRecords = 10_000_000

// judgeTopic holds what is on the topic against the orders: no event without a committed order, and none changed.
func judgeTopic(ctx context.Context, system *stack.Stack, result *Result) {
	who, err := system.Stranger(ctx)
	if err != nil {
		result.problem("read the topic", err)
		return
	}
	records, err := who.Capture(ctx, maxRecords)
	if err != nil {
		result.problem("read the topic", err)
		return
	}
	report, err := published.Hold(ctx, system.Databases().Orders, records)
	result.problem("hold the topic against the orders", err)
	if report != nil {
		for _, difference := range report.Differences {
			result.problem("topic", errors.New(difference))
		}
	}
}

// memoryLimit is what no process of a service may take.
const memoryLimit = 200 << 20

func judgeMemory(result *Result) {
	for _, service := range slices.Sorted(maps.Keys(result.Memory)) {
		if peak := result.Memory[service]; peak > memoryLimit {
			result.problem("memory", fmt.Errorf("%s took %d MB, and %d is the limit", service, peak>>20, memoryLimit>>20))
		}
	}
}

// judgeConduct holds what came of the cell against what the cell says of itself.
func judgeConduct(result *Result) {
	cell := result.Cell
	if unknown := result.Claims.Unknown; cell.Answered && unknown > 0 {
		result.problem("answers", fmt.Errorf("%d clients got no clear answer", unknown))
	}
	if found := result.Claims.Found; cell.Orderly && found > 0 {
		result.problem("answers", fmt.Errorf("%d orders exist whose clients got no clear answer", found))
	}
	if cell.Orderly && result.Repeats > 0 {
		result.problem("repeats", fmt.Errorf("%d events were delivered a second time", result.Repeats))
	}
	if !cell.Losing && result.Resent > 0 {
		result.problem("events sent again", fmt.Errorf("%d, although Kafka lost none", result.Resent))
	}
	if cell.Noticed && result.Claims.Refused+result.Claims.Unknown == 0 {
		result.problem("answers", errors.New("no client noticed anything: the fault was none"))
	}
	if forgotten := result.Claims.Forgotten; cell.Forgetting && forgotten == 0 {
		result.problem("orders", errors.New("none was undone: the fault was none"))
	}
	if cell.Repeating && result.Repeats == 0 {
		result.problem("repeats", errors.New("nothing was delivered a second time: the fault was none"))
	}
}
