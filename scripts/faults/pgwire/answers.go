package pgwire

import (
	"bytes"
	"context"
	"sync"
)

// Messages of the protocol that matter here.
const (
	kindQuery         = 'Q' // from the client: a statement
	kindParse         = 'P' // a statement that gets a name
	kindBind          = 'B' // a statement, by its name
	kindErrorResponse = 'E' // from the server
	kindReadyForQuery = 'Z' // the end of an answer, with the state of the transaction
	stateIdle         = 'I'
)

// Answers loses answers of a server by choice: the server does what it was asked for, and says so, but that never
// arrives. It serves any number of connections, without encryption.
type Answers struct {
	mu     sync.Mutex
	match  func(statement string) bool
	left   int // answers that are still to be lost
	lost   int
	change chan struct{} // closed, and replaced, when one was lost
}

// NewAnswers loses nothing until Lose is called.
func NewAnswers() *Answers { return &Answers{change: make(chan struct{})} }

// Lose loses the answers to the next n statements that match. Each is lost from its beginning to its end, that is to say
// when all that was sent with it has been carried out; then the connection is reset.
func (a *Answers) Lose(n int, match func(statement string) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left, a.match, a.lost = n, match, 0
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

// take tells whether the answer to the statement is to be lost.
func (a *Answers) take(statement string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.left == 0 || !a.match(statement) {
		return false
	}
	a.left--
	return true
}

// settle counts a lost answer. One that told of a failure does not count: another is lost in its place.
func (a *Answers) settle(success bool) {
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

// Tap looks at one connection.
func (a *Answers) Tap() *Tap {
	return &Tap{answers: a, client: frames{untyped: true}, statements: map[string]string{}}
}

// Tap implements proxy.Tap.
type Tap struct {
	answers *Answers

	mu         sync.Mutex
	client     frames
	server     frames
	statements map[string]string // by the names they were given
	losing     bool
	failed     bool // the answer being lost tells of an error
}

// ToServer notes which statements are sent.
func (t *Tap) ToServer(chunk []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.client.feed(chunk, func(kind byte, body []byte) {
		switch kind {
		case kindQuery:
			statement, _ := text(body)
			t.sent(statement)
		case kindParse:
			name, rest := text(body)
			t.statements[name], _ = text(rest)
		case kindBind:
			_, rest := text(body) // behind the portal's name
			name, _ := text(rest)
			t.sent(t.statements[name])
		}
	})
}

func (t *Tap) sent(statement string) {
	if !t.losing && t.answers.take(statement) {
		t.losing, t.failed = true, false
	}
}

// ToClient loses what it was told to. Clients send nothing before the last answer has ended, as pgx does, so what comes
// after a statement is its answer.
func (t *Tap) ToClient(chunk []byte) (pass, cut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	losing := t.losing
	t.server.feed(chunk, func(kind byte, body []byte) {
		switch {
		case kind == kindErrorResponse:
			t.failed = true
		case kind == kindReadyForQuery && t.losing:
			t.answers.settle(!t.failed && len(body) == 1 && body[0] == stateIdle)
			t.losing, cut = false, true
		}
	})
	return !losing, cut
}

// text reads a string that ends with NUL.
func text(body []byte) (string, []byte) {
	before, after, _ := bytes.Cut(body, []byte{0})
	return string(before), after
}
