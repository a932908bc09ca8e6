// Package httpwire reads as much of HTTP/1.1 as it takes to lose the answer to one request by choice, or the second half
// of its beginning (RFC 9112).
package httpwire

import (
	"bytes"
	"strings"
	"sync"

	"ordertrack/scripts/faults/loss"
)

// Tap loses the answers that were chosen by the first line of their request without the version, "GET /users" for one. A
// server writes an answer when what was asked for is done; so the connection is reset with its first bytes. It implements
// proxy.Tap for one connection without encryption, whose client sends nothing before the last answer has ended, as Go's
// does.
type Tap struct {
	lost   *loss.Answers // from their beginning
	halved *loss.Answers // from the middle of their first bytes: headers arrive, and not all of the body

	mu        sync.Mutex
	line      []byte        // of the request, as far as it has come
	whole     bool          // all of the line has
	answering bool          // the answer has begun
	fate      *loss.Answers // what becomes of the answer; nil if it arrives
}

// NewTap looks at one connection.
func NewTap(lost, halved *loss.Answers) *Tap { return &Tap{lost: lost, halved: halved} }

// ToServer notes what is asked.
func (t *Tap) ToServer(chunk []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.answering { // this is the next request
		t.line, t.whole, t.answering = t.line[:0], false, false
	}
	if t.whole {
		return
	}
	before, _, found := bytes.Cut(chunk, []byte("\n"))
	t.line, t.whole = append(t.line, before...), found
	if !found {
		return
	}
	request, _, _ := strings.Cut(string(t.line), " HTTP/")
	for _, fate := range []*loss.Answers{t.lost, t.halved} {
		if fate.Take(request) {
			t.fate = fate
			return
		}
	}
}

// ToClient loses what it was told to.
func (t *Tap) ToClient(chunk []byte) (passing []byte, cut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answering = true
	switch t.fate {
	case nil:
		return chunk, false
	case t.halved:
		passing = chunk[:len(chunk)/2]
	}
	t.fate.Settle(isSuccess(chunk))
	return passing, true
}

// isSuccess reads the status line, as in "HTTP/1.1 201 Created".
func isSuccess(answer []byte) bool {
	_, status, _ := bytes.Cut(answer, []byte(" "))
	return bytes.HasPrefix(status, []byte("2"))
}
