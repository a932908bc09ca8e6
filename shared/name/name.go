// Package name holds the rules of a user's name. Both services count by it, so both must agree on it to the last
// code point: it is the shared kernel of their domains.
package name

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxLength is the longest name, in characters (Unicode code points) after normalization.
const MaxLength = 200

// What can be wrong with a name. Parse wraps them with the figures of the case.
var (
	ErrInvalidUTF8 = errors.New("is not valid UTF-8")
	ErrEmpty       = errors.New("is empty")
	ErrTooLong     = fmt.Errorf("is longer than %d characters", MaxLength)
	ErrControl     = errors.New("contains a control character")
)

// Name is a user's name: valid UTF-8 in Unicode normalization form C (UAX #15), without white space around it,
// 1 to MaxLength characters, none of them a control character. The zero value is no name.
type Name struct {
	value string
}

// Parse makes a name of what somebody wrote: it normalizes, trims, and checks.
// The errors are ErrInvalidUTF8, ErrEmpty, ErrTooLong and ErrControl, wrapped.
func Parse(raw string) (Name, error) {
	if !utf8.ValidString(raw) {
		return Name{}, ErrInvalidUTF8
	}
	value := strings.TrimSpace(norm.NFC.String(raw))
	if value == "" {
		return Name{}, ErrEmpty
	}
	if at := strings.IndexFunc(value, unicode.IsControl); at >= 0 {
		r, _ := utf8.DecodeRuneInString(value[at:])
		return Name{}, fmt.Errorf("%w (U+%04X)", ErrControl, r)
	}
	if length := utf8.RuneCountInString(value); length > MaxLength {
		return Name{}, fmt.Errorf("%w (it has %d)", ErrTooLong, length)
	}
	return Name{value: value}, nil
}

// Restore takes back a name that Parse once made and a database has kept. It checks nothing.
func Restore(stored string) Name { return Name{value: stored} }

// String is the name as it is written, stored and counted.
func (n Name) String() string { return n.value }

// IsZero tells whether there is no name.
func (n Name) IsZero() bool { return n.value == "" }

// Limit says which rule an error of Parse is about, as a limit to keep; it is empty for any other error.
func Limit(err error) string {
	switch {
	case errors.Is(err, ErrEmpty), errors.Is(err, ErrTooLong):
		return fmt.Sprintf("1 to %d characters", MaxLength)
	case errors.Is(err, ErrControl):
		return "no control characters"
	case errors.Is(err, ErrInvalidUTF8):
		return "valid UTF-8"
	default:
		return ""
	}
}
