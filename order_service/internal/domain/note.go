package domain

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxNoteLength is the longest note, in characters (Unicode code points).
const MaxNoteLength = 4000

// What can be wrong with a note. ParseNote wraps them with the figures of the case.
var (
	ErrNoteInvalidUTF8 = errors.New("is not valid UTF-8")
	ErrNoteTooLong     = fmt.Errorf("is longer than %d characters", MaxNoteLength)
	ErrNoteNUL         = errors.New("contains the character NUL (U+0000)")
)

// Note is what a client wrote beside an order: valid UTF-8, at most MaxNoteLength characters, none of them NUL, which
// PostgreSQL cannot store. The zero value is the empty note.
type Note struct {
	value string
}

// ParseNote makes a note of what somebody wrote, to the letter. The errors are ErrNoteInvalidUTF8, ErrNoteTooLong and
// ErrNoteNUL, wrapped.
func ParseNote(raw string) (Note, error) {
	if !utf8.ValidString(raw) {
		return Note{}, ErrNoteInvalidUTF8
	}
	if strings.IndexByte(raw, 0) >= 0 {
		return Note{}, ErrNoteNUL
	}
	if length := utf8.RuneCountInString(raw); length > MaxNoteLength {
		return Note{}, fmt.Errorf("%w (it has %d)", ErrNoteTooLong, length)
	}
	return Note{value: raw}, nil
}

// RestoreNote takes back a note that ParseNote once made and a database has kept. It checks nothing.
func RestoreNote(stored string) Note { return Note{value: stored} }

// String is the note as it was written.
func (n Note) String() string { return n.value }
