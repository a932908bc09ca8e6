// Package ordertoken writes an order's place in its log as a token: 40 URL-safe characters that a client gets from
// order_service and gives to track_users, and need not understand.
package ordertoken

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"

	"github.com/google/uuid"

	"ordertrack/shared/event"
)

// Length of every token, in characters.
const Length = 40

// ErrInvalid says that a text is no token: of another length or version, damaged, or of no place that there can be.
var ErrInvalid = errors.New("is not an order token")

// The bytes of a token: version, log id, lane, sequence, and a checksum of these. 30 bytes are 40 characters of base64
// with no bit to spare, so a place has one token only.
const (
	version    = 1
	atLog      = 1
	atLane     = atLog + 16
	atSequence = atLane + 1
	atSum      = atSequence + 8
	size       = atSum + 4
)

// The checksum keeps a token that was cut or mistyped from being another order's. It is no secret: a token gives no right.
var table = crc32.MakeTable(crc32.Castagnoli)

// Place is what a token holds.
type Place struct {
	LogID    string // a UUID in its usual text form
	Lane     int    // 0 to event.Lanes-1
	Sequence int64  // from 1, as it travels in the event
}

// Source is the CloudEvents source of the order's event.
func (p Place) Source() string { return event.Source(p.LogID) }

// Encode writes the token. ErrInvalid for a place that there cannot be.
func Encode(p Place) (string, error) {
	id, err := uuid.Parse(p.LogID)
	if err != nil || !isUsual(p.LogID) || !p.possible() {
		return "", ErrInvalid
	}
	var raw [size]byte
	raw[0] = version
	copy(raw[atLog:], id[:])
	raw[atLane] = byte(p.Lane)                                       //nolint:gosec // below event.Lanes
	binary.BigEndian.PutUint64(raw[atSequence:], uint64(p.Sequence)) //nolint:gosec // above 0
	binary.BigEndian.PutUint32(raw[atSum:], crc32.Checksum(raw[:atSum], table))
	var text [Length]byte
	base64.RawURLEncoding.Encode(text[:], raw[:])
	return string(text[:]), nil
}

const uuidLength = 36

// isUsual tells the usual text form from the others that can be parsed: braces, urn:uuid:, no hyphens, capitals.
func isUsual(id string) bool { return len(id) == uuidLength && !strings.ContainsAny(id, "ABCDEF") }

// Decode reads a token. ErrInvalid when it is none.
func Decode(token string) (Place, error) {
	var raw [size]byte
	if len(token) != Length {
		return Place{}, ErrInvalid
	}
	// The decoder passes line breaks over, and then has less.
	n, err := base64.RawURLEncoding.Decode(raw[:], []byte(token))
	if err != nil || n != size || raw[0] != version {
		return Place{}, ErrInvalid
	}
	if binary.BigEndian.Uint32(raw[atSum:]) != crc32.Checksum(raw[:atSum], table) {
		return Place{}, ErrInvalid
	}
	p := Place{
		LogID:    uuid.UUID(raw[atLog:atLane]).String(),
		Lane:     int(raw[atLane]),
		Sequence: int64(binary.BigEndian.Uint64(raw[atSequence:atSum])), //nolint:gosec // a negative one is refused below
	}
	if !p.possible() {
		return Place{}, ErrInvalid
	}
	return p, nil
}

func (p Place) possible() bool { return p.Lane >= 0 && p.Lane < event.Lanes && p.Sequence > 0 }
