package pgwire

import (
	"bytes"
	"sync"

	"ordertrack/scripts/faults/loss"
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

// Tap loses the answers that were chosen by their statement, each from its beginning to its end, that is to say when all
// that was sent with it has been carried out; then the connection is reset. It implements proxy.Tap for one connection
// without encryption.
type Tap struct {
	answers *loss.Answers

	mu         sync.Mutex
	client     frames
	server     frames
	statements map[string]string // by the names they were given
	losing     bool
	failed     bool // the answer being lost tells of an error
}

// NewTap looks at one connection.
func NewTap(answers *loss.Answers) *Tap {
	return &Tap{answers: answers, client: frames{untyped: true}, statements: map[string]string{}}
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
	if !t.losing && t.answers.Take(statement) {
		t.losing, t.failed = true, false
	}
}

// ToClient loses what it was told to. Clients send nothing before the last answer has ended, as pgx does, so what comes
// after a statement is its answer.
func (t *Tap) ToClient(chunk []byte) (passing []byte, cut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	losing := t.losing
	t.server.feed(chunk, func(kind byte, body []byte) {
		switch {
		case kind == kindErrorResponse:
			t.failed = true
		case kind == kindReadyForQuery && t.losing:
			t.answers.Settle(!t.failed && len(body) == 1 && body[0] == stateIdle)
			t.losing, cut = false, true
		}
	})
	if losing {
		return nil, cut
	}
	return chunk, cut
}

// text reads a string that ends with NUL.
func text(body []byte) (string, []byte) {
	before, after, _ := bytes.Cut(body, []byte{0})
	return string(before), after
}
