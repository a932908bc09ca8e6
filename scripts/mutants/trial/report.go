package trial

import (
	"bufio"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// event is a line of go test -json (go doc test2json).
type event struct {
	Action string `json:"Action"`
	Test   string `json:"Test"`
	Output string `json:"Output"`
}

// report is what the go tool told.
type report struct {
	passed   bool
	compiled bool
	tests    map[string]string // the last action of each
	output   strings.Builder
}

func read(from io.Reader) *report {
	r := &report{compiled: true, tests: map[string]string{}}
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			r.take(line)
		}
		if err != nil {
			return r
		}
	}
}

func (r *report) take(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		r.output.Write(line)
		return
	}
	switch {
	case e.Action == "build-fail":
		r.compiled = false
	case e.Output != "":
		r.output.WriteString(e.Output)
	case e.Test != "":
		r.tests[e.Test] = e.Action
	}
}

// failed are the tests that turned red, without those that did so only for a subtest of theirs. A test that was begun
// and has no end was cut off: it hung, or the whole program came down in it.
func (r *report) failed() []string {
	var red []string
	for test, action := range r.tests {
		if action == "fail" || !r.passed && (action == "run" || action == "cont") {
			red = append(red, test)
		}
	}
	slices.Sort(red)
	return slices.DeleteFunc(slices.Clone(red), func(test string) bool {
		return slices.ContainsFunc(red, func(other string) bool { return strings.HasPrefix(other, test+"/") })
	})
}

func (r *report) verdict() Verdict {
	ran := false
	for _, action := range r.tests {
		ran = ran || action != "skip"
	}
	switch {
	case !r.compiled:
		return NotCompiled
	case !ran && r.passed:
		return NoTest
	case r.passed:
		return Survived
	case len(r.failed()) == 0:
		return Unclear
	}
	return Red
}
