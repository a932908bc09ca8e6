// Package evidence is what was seen of a fault while it was done: a fault that leaves none did not take place, and a run
// without its fault proves nothing.
package evidence

import (
	"fmt"
	"strings"
	"sync"
)

// Fact is something that was seen to happen, in words. Facts that are measured have their unit in them.
type Fact string

// Want is how much of a fact there must be at least.
type Want struct {
	Fact  Fact
	Least int64
}

// Once wants a fact to be seen at all.
func Once(fact Fact) Want { return Want{Fact: fact, Least: 1} }

// Times wants a fact so often.
func Times(n int64, fact Fact) Want { return Want{Fact: fact, Least: n} }

// Log is what was seen so far. A nil one takes nothing in.
type Log struct {
	mu   sync.Mutex
	seen map[Fact]int64
}

// NewLog has seen nothing.
func NewLog() *Log { return &Log{seen: map[Fact]int64{}} }

// Saw adds to a fact.
func (l *Log) Saw(fact Fact, count int64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[fact] += count
}

// Count is how much of a fact was seen.
func (l *Log) Count(fact Fact) int64 {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[fact]
}

// MissingError says what a fault should have left, and did not.
type MissingError struct{ Missing []string }

// Error implements error.
func (e *MissingError) Error() string {
	return "the fault was none: " + strings.Join(e.Missing, "; ")
}

// Hold returns a *MissingError unless there is as much of each fact as is wanted.
func (l *Log) Hold(wants []Want) error {
	var missing []string
	for _, want := range wants {
		if seen := l.Count(want.Fact); seen < want.Least {
			missing = append(missing, fmt.Sprintf("%s: %d, and at least %d are wanted", want.Fact, seen, want.Least))
		}
	}
	if len(missing) > 0 {
		return &MissingError{Missing: missing}
	}
	return nil
}
