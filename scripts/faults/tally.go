package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ordertrack/scripts/faults/matrix"
)

const tellPeriod = 10 * time.Second

// tally is how far the runs are.
type tally struct {
	begin                       time.Time
	total, ended, failed        int
	skipped                     int // of those that ended
	acknowledged, lost, doubled int64
	running                     map[int]string // by slot
}

func (r *runner) note(slot int, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.running[slot] = what
}

// done prints what came of a cell.
func (r *runner) done(slot int, result *matrix.Result, dir string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.state.running, slot)
	r.state.ended++
	r.state.acknowledged += int64(result.Claims.Acknowledged)
	r.state.lost += result.Lost()
	r.state.doubled += result.Doubled()
	fmt.Fprintln(r.stdout, result)
	if result.Skipped != "" {
		r.state.skipped++
	}
	if result.Failed() {
		r.state.failed++
		fmt.Fprintf(r.stdout, "  data and logs are kept in %s\n  again: make faults CELL=%s SEED=%d BROKER=%s\n",
			dir, result.Cell.Name, result.Seed, r.kind)
	}
}

// summary is the last line.
func (r *runner) summary() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.state
	return fmt.Sprintf("%d of %d runs, %d failed, %d skipped: %d orders acknowledged, %d lost, %d doubled; took %s",
		s.ended, s.total, s.failed, s.skipped, s.acknowledged, s.lost, s.doubled, time.Since(s.begin).Round(time.Second))
}

// progress is a line in between.
func (r *runner) progress() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.state
	running := make([]string, 0, len(s.running))
	for _, slot := range slices.Sorted(maps.Keys(s.running)) {
		running = append(running, s.running[slot])
	}
	return fmt.Sprintf("%s: %d of %d runs, %d failed, %s; now %s", programName, s.ended, s.total, s.failed,
		time.Since(s.begin).Round(time.Second), strings.Join(running, "; "))
}

// tell prints a progress line now and then, until the function that it returns is called.
func (r *runner) tell() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(tellPeriod)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				fmt.Fprintln(r.stderr, r.progress())
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
