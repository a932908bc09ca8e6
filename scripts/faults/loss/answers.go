// Package loss is the choice of answers that are to be lost on their way: a server does what it is asked for, and says
// so, but that never arrives.
package loss

import (
	"context"
	"sync"
)

// Answers is such a choice. It serves any number of connections.
type Answers struct {
	mu     sync.Mutex
	match  func(request string) bool
	left   int // answers that are still to be lost
	lost   int
	change chan struct{} // closed, and replaced, when one was lost
	seize  func(request string) (seized func())
}

// NewAnswers loses nothing until Lose is called.
func NewAnswers() *Answers { return &Answers{change: make(chan struct{})} }

// Lose loses the answers to the next n requests that match. Which text stands for a request is up to those who call Take.
func (a *Answers) Lose(n int, match func(request string) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left, a.match, a.lost = n, match, 0
}

// Seize calls do when the next request that matches is about to be sent. Nothing is lost by it.
func (a *Answers) Seize(match func(request string) bool, do func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seize = func(request string) func() {
		if !match(request) {
			return nil
		}
		a.seize = nil
		return do
	}
}

// Lost is how many answers that tell of success were lost since Lose.
func (a *Answers) Lost() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lost
}

// Await waits until n answers that tell of success were lost since Lose.
func (a *Answers) Await(ctx context.Context, n int) error {
	for {
		a.mu.Lock()
		lost, change := a.lost, a.change
		a.mu.Unlock()
		if lost >= n {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Take tells whether the answer to a request that is just being sent is to be lost. Each that is must be settled.
func (a *Answers) Take(request string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seize != nil {
		if do := a.seize(request); do != nil {
			do()
		}
	}
	if a.left == 0 || !a.match(request) {
		return false
	}
	a.left--
	return true
}

// Settle counts a lost answer. One that told of a failure does not count: another is lost in its place.
func (a *Answers) Settle(success bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !success {
		a.left++
		return
	}
	a.lost++
	close(a.change)
	a.change = make(chan struct{})
}
