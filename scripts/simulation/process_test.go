package simulation

import (
	"context"
	"errors"
	"iter"
)

// errCrashed unwinds a process that is killed.
var errCrashed = errors.New("the process is killed")

// process is a coroutine. It goes on only when it is stepped, and then up to its next pause.
type process struct {
	next       func() (struct{}, bool)
	kill       func()
	yield      func(struct{}) bool
	cancel     context.CancelFunc
	toldToStop bool
	done       bool
	killed     bool
	err        error // that it returned
}

// begin makes a process; nothing of it runs before the first step.
func begin(run func(ctx context.Context, p *process) error) *process {
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{cancel: cancel}
	p.next, p.kill = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil && r != any(errCrashed) {
				panic(r)
			}
		}()
		p.yield = yield
		p.err = run(ctx, p)
	})
	return p
}

// pause is where others go on. A process that is killed meanwhile does not return from it.
func (p *process) pause() {
	if !p.yield(struct{}{}) {
		panic(errCrashed)
	}
}

// step lets the process go on for so many pauses.
func (p *process) step(times int) {
	for range times {
		if p.done {
			return
		}
		_, more := p.next()
		p.done = !more
	}
	if p.done {
		p.cancel()
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
	p.done, p.killed = true, true
	p.kill()
	p.cancel()
}
