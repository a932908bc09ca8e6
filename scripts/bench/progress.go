package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"ordertrack/scripts/bench/trial"
)

// progress says how far a run is: in one line that is written over on a terminal, else in a line for each step.
type progress struct {
	to       io.Writer
	begin    time.Time
	terminal bool
}

func newProgress(to io.Writer, begin time.Time) *progress {
	p := &progress{to: to, begin: begin}
	if file, ok := to.(*os.File); ok {
		info, err := file.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

func (p *progress) tell(s trial.Step) {
	what := fmt.Sprintf("round %d of %d of %s: %s", s.Round, s.Rounds, s.Experiment, s.Variant)
	switch {
	case s.Experiment == "":
		what = "warming the broker"
	case s.Round == 0:
		what = fmt.Sprintf("preparing %s: %s", s.Experiment, s.Variant)
	}
	before, after := "", "\n"
	if p.terminal {
		before, after = "\r\x1b[K", ""
	}
	fmt.Fprintf(p.to, "%s%s: %d of %d, %s; %s since the start%s",
		before, programName, s.Number, s.Of, what, time.Since(p.begin).Round(time.Second), after)
}

func (p *progress) end() {
	if p.terminal {
		fmt.Fprintln(p.to)
	}
}
