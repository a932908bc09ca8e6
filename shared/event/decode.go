package event

import (
	"errors"
	"fmt"
	"strconv"

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

// Decode reads a record. A record without our place headers is a foreign event: its Place is zero. The error is always
// a *Malformed; the Place is set even then when the headers were sound, so that its lane can move past it.
func Decode(r Record) (Decoded, error) {
	place, kind, err := decodeHeaders(r.Headers)
	if err != nil {
		return Decoded{}, err
	}
	if !place.IsZero() && kind != Type {
		return Decoded{Place: place}, malformed(ReasonType, "%s is %.100q, want %q", HeaderType, kind, Type)
	}
	who, err := decodeValue(r.Value)
	return Decoded{Name: who, Place: place}, err
}

// claim holds the headers that a place is made of.
type claim struct {
	source, kind, lane, sequence []byte
	twice                        string // a header that was given more than once
}

func decodeHeaders(headers []Header) (Place, string, error) {
	c := collect(headers)
	if c.lane == nil && c.sequence == nil {
		return Place{}, "", nil
	}
	if c.twice != "" {
		return Place{}, "", malformed(ReasonHeaders, "%s is given twice", c.twice)
	}
	if !isSource(string(c.source)) {
		return Place{}, "", malformed(ReasonHeaders, "%s is %.100q, want %s and a UUID", HeaderSource, c.source, sourcePrefix)
	}
	lane, ok := parseDecimal(string(c.lane))
	if !ok || lane < 0 || lane >= Lanes {
		return Place{}, "", malformed(ReasonHeaders, "%s is %.100q, want 0 to %d", HeaderLane, c.lane, Lanes-1)
	}
	sequence, ok := parseDecimal(string(c.sequence))
	if !ok || sequence < 1 {
		return Place{}, "", malformed(ReasonHeaders, "%s is %.100q, want a number from 1", HeaderSequence, c.sequence)
	}
	return Place{Source: string(c.source), Lane: int(lane), Sequence: sequence}, string(c.kind), nil
}

// collect notes a header given twice: whichever of the two were taken, another reader might take the other.
func collect(headers []Header) claim {
	var c claim
	for _, h := range headers {
		var target *[]byte
		switch h.Key {
		case HeaderSource:
			target = &c.source
		case HeaderType:
			target = &c.kind
		case HeaderLane:
			target = &c.lane
		case HeaderSequence:
			target = &c.sequence
		default:
			continue
		}
		if *target != nil {
			c.twice = h.Key
		}
		*target = append([]byte{}, h.Value...) // never nil: an empty header is there, too
	}
	return c
}

// parseDecimal takes a number written the one usual way: no plus sign, no leading zeros.
func parseDecimal(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == s
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
	var body *struct {
		Name *string `json:"name"`
	}
	if err := json.Unmarshal(value, &body); err != nil {
		return name.Name{}, malformed(ReasonUndecodable, "%v", err)
	}
	if body == nil {
		return name.Name{}, malformed(ReasonUndecodable, "the value is null, want a JSON object")
	}
	if body.Name == nil {
		return name.Name{}, malformed(ReasonNoName, "the value has no name")
	}
	who, err := name.Parse(*body.Name)
	if err != nil {
		return name.Name{}, malformed(reasonOf(err), "the name %v", err)
	}
	return who, nil
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
