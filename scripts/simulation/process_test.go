package simulation

import (
	"context"
	"errors"
)

// errCrashed unwinds a process that is killed.
var errCrashed = errors.New("the process is killed")

// process is a goroutine that runs only when it is stepped, while whoever steps it waits, and then up to its next pause.
// (iter.Pull is made for this, but Go 1.26's race detector frees nothing of what it keeps of a coroutine: gigabytes here.)
type process struct {
	run        func(ctx context.Context, p *process) error
	ctx        context.Context //nolint:containedctx // for when it begins
	cancel     context.CancelFunc
	begun      bool
	goOn       chan bool     // false: it is killed
	paused     chan struct{} // closed when it has ended
	panicked   any           // with what it ended
	toldToStop bool
	done       bool
	killed     bool
	err        error // that it returned
}

// begin makes a process; nothing of it runs before the first step.
func begin(run func(ctx context.Context, p *process) error) *process {
	ctx, cancel := context.WithCancel(context.Background())
	return &process{run: run, ctx: ctx, cancel: cancel, goOn: make(chan bool), paused: make(chan struct{})}
}

// live is the goroutine.
func (p *process) live() {
	defer close(p.paused)
	defer func() {
		if r := recover(); r != any(errCrashed) {
			p.panicked = r
		}
	}()
	p.err = p.run(p.ctx, p)
}

// pause is where others go on. A process that is killed meanwhile does not return from it.
func (p *process) pause() {
	if p.killed { // what it defers pauses, too
		panic(errCrashed)
	}
	p.paused <- struct{}{}
	if !<-p.goOn {
		panic(errCrashed)
	}
}

// step lets the process go on for so many pauses. What it panics with, its stepper does: a failed check among others.
func (p *process) step(times int) {
	for range times {
		if p.done {
			return
		}
		if p.begun {
			p.goOn <- true
		} else {
			p.begun = true
			go p.live()
		}
		p.await()
	}
	if p.done {
		p.cancel()
	}
}

// await waits for its next pause, or its end.
func (p *process) await() {
	if _, paused := <-p.paused; paused {
		return
	}
	p.done = true
	if p.panicked != nil {
		panic(p.panicked)
	}
}

// stop has the process end by itself, as SIGTERM does.
func (p *process) stop() {
	p.toldToStop = true
	p.cancel()
}

// stopped tells whether it was told to.
func (p *process) stopped() bool { return p.toldToStop }

// crash ends it where it stands; what it defers runs, but its pauses do not return.
func (p *process) crash() {
	running := p.begun && !p.done
	p.done, p.killed = true, true
	if running {
		p.goOn <- false
		p.await()
	}
	p.cancel()
}
