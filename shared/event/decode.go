package event

import (
	"errors"
	"fmt"
	"math"

	"github.com/go-json-experiment/json"

	"ordertrack/shared/name"
)

// Reason is a short stable code that says why a record can never be applied.
type Reason string

// The reasons there are.
const (
	ReasonHeaders      Reason = "headers_invalid"   // it claims a place, but the claim is not sound
	ReasonType         Reason = "type_unknown"      // it has a place, but is no placed order
	ReasonEmptyValue   Reason = "value_empty"       // no value, or a tombstone
	ReasonLargeValue   Reason = "value_too_large"   // over MaxValueBytes
	ReasonUndecodable  Reason = "value_undecodable" // not a JSON object, or its name is no string
	ReasonNoName       Reason = "name_missing"      // no name, or an empty one
	ReasonNameTooLong  Reason = "name_too_long"     // over name.MaxLength
	ReasonNameNotLegal Reason = "name_invalid"      // breaks another rule of names
)

// Malformed is the error of a record that can never be applied, however often it is tried.
type Malformed struct { //nolint:errname // reads as what it is: a malformed record
	Reason Reason
	Detail string // for people; says no more than the record itself does
}

func (m *Malformed) Error() string { return string(m.Reason) + ": " + m.Detail }

// Decoded is what a record says: whose counter goes up, and for which place in which log.
type Decoded struct {
	Name  name.Name
	Place Place
}

// Decode reads one record: a Decoder's work without its memory.
func Decode(r Record) (Decoded, error) {
	var d Decoder
	return d.Decode(r)
}

// Decoder reads record after record. It makes nothing anew that is the same in nearly all of them. It is for one
// goroutine; the zero value is ready.
type Decoder struct {
	source string // of the last record that had a sound one
}

// Decode reads a record. A record without our place headers is a foreign event: its Place is zero. The error is always
// a *Malformed; the Place is set even then when the headers were sound, so that its lane can move past it.
func (d *Decoder) Decode(r Record) (Decoded, error) {
	c := collect(r.Headers)
	place, err := d.place(&c)
	if err != nil {
		return Decoded{}, err
	}
	if !place.IsZero() && string(c.kind.value) != Type {
		return Decoded{Place: place}, malformed(ReasonType, "%s is %.100q, want %q", HeaderType, c.kind.value, Type)
	}
	who, err := decodeValue(r.Value)
	return Decoded{Name: who, Place: place}, err
}

// claim holds the headers that a place is made of.
type claim struct {
	source, kind, lane, sequence given
	twice                        string // a header that was given more than once
}

// given is the value of a header, which may be empty and there all the same.
type given struct {
	value []byte
	there bool
}

// collect notes a header given twice: whichever of the two were taken, another reader might take the other.
func collect(headers []Header) claim {
	var c claim
	for _, h := range headers {
		switch h.Key {
		case HeaderSource:
			c.set(&c.source, h)
		case HeaderType:
			c.set(&c.kind, h)
		case HeaderLane:
			c.set(&c.lane, h)
		case HeaderSequence:
			c.set(&c.sequence, h)
		}
	}
	return c
}

func (c *claim) set(target *given, h Header) {
	if target.there {
		c.twice = h.Key
	}
	*target = given{value: h.Value, there: true}
}

func (d *Decoder) place(c *claim) (Place, error) {
	if !c.lane.there && !c.sequence.there {
		return Place{}, nil
	}
	if c.twice != "" {
		return Place{}, malformed(ReasonHeaders, "%s is given twice", c.twice)
	}
	if string(c.source.value) != d.source || d.source == "" {
		source := string(c.source.value)
		if !isSource(source) {
			return Place{}, malformed(ReasonHeaders, "%s is %.100q, want %s and a UUID", HeaderSource, c.source.value, sourcePrefix)
		}
		d.source = source
	}
	lane, ok := parseDecimal(c.lane.value)
	if !ok || lane >= Lanes {
		return Place{}, malformed(ReasonHeaders, "%s is %.100q, want 0 to %d", HeaderLane, c.lane.value, Lanes-1)
	}
	sequence, ok := parseDecimal(c.sequence.value)
	if !ok || sequence < 1 {
		return Place{}, malformed(ReasonHeaders, "%s is %.100q, want a number from 1", HeaderSequence, c.sequence.value)
	}
	return Place{Source: d.source, Lane: int(lane), Sequence: sequence}, nil
}

// parseDecimal takes a number from 0 that is written the one usual way: no sign, no leading zeros.
func parseDecimal(digits []byte) (n int64, ok bool) {
	if len(digits) == 0 || digits[0] == '0' && len(digits) > 1 {
		return 0, false
	}
	for _, digit := range digits {
		if digit < '0' || digit > '9' || n > (math.MaxInt64-int64(digit-'0'))/10 {
			return 0, false
		}
		n = n*10 + int64(digit-'0')
	}
	return n, true
}

// decodeValue lets members it does not know pass: foreign producers may have more to say. Names given twice and invalid
// UTF-8 are refused by the decoder.
func decodeValue(value []byte) (name.Name, error) {
	switch {
	case len(value) == 0:
		return name.Name{}, malformed(ReasonEmptyValue, "there is no value")
	case len(value) > MaxValueBytes:
		return name.Name{}, malformed(ReasonLargeValue, "the value has %d bytes, the limit is %d", len(value), MaxValueBytes)
	}
	raw, ok := plainName(value)
	if !ok {
		var err error
		if raw, err = unmarshalName(value); err != nil {
			return name.Name{}, err
		}
	}
	who, err := name.Parse(raw)
	if err != nil {
		return name.Name{}, malformed(reasonOf(err), "the name %v", err)
	}
	return who, nil
}

// plainName reads the value that order_service writes, when nothing in the name needs an escape: that takes a tenth of
// the time of a JSON decoder. It is not ok for anything else, which may be right nevertheless.
func plainName(value []byte) (raw string, ok bool) {
	const begin, end = `{"name":"`, `"}`
	if len(value) < len(begin)+len(end) || string(value[:len(begin)]) != begin || string(value[len(value)-len(end):]) != end {
		return "", false
	}
	text := value[len(begin) : len(value)-len(end)]
	for _, c := range text {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return "", false
		}
	}
	return string(text), true
}

func unmarshalName(value []byte) (string, error) {
	var body *struct {
		Name *string `json:"name"`
	}
	if err := json.Unmarshal(value, &body); err != nil {
		return "", malformed(ReasonUndecodable, "%v", err)
	}
	if body == nil {
		return "", malformed(ReasonUndecodable, "the value is null, want a JSON object")
	}
	if body.Name == nil {
		return "", malformed(ReasonNoName, "the value has no name")
	}
	return *body.Name, nil
}

func reasonOf(nameError error) Reason {
	switch {
	case errors.Is(nameError, name.ErrEmpty):
		return ReasonNoName
	case errors.Is(nameError, name.ErrTooLong):
		return ReasonNameTooLong
	default:
		return ReasonNameNotLegal
	}
}

func malformed(reason Reason, format string, args ...any) *Malformed {
	return &Malformed{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
