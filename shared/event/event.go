// Package event is the contract between the two services: one record on the Kafka topic for each order placed.
//
// The value is {"name":"..."} and nothing more, the key is the name. All else travels in headers, as CloudEvents 1.0
// in Kafka's binary mode (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md)
// with two extensions, ce_lane and ce_sequence, and the W3C Trace Context header traceparent.
package event

import (
	"hash/fnv"
	"strings"
	"time"

	"github.com/google/uuid"

	"ordertrack/shared/name"
)

// Lanes is the number of lanes of a log. A name always travels in the same lane, and each lane is numbered from 1
// without gaps. It is part of the contract: changing it needs a new log.
const Lanes = 64

// MaxValueBytes is the largest value that is decoded; a legal one needs some 2,500 bytes at the most.
const MaxValueBytes = 64 << 10

// Type is the CloudEvents type of a placed order.
const Type = "ordertrack.order.placed.v1"

// Names of the record's headers.
const (
	HeaderSpecVersion = "ce_specversion"
	HeaderID          = "ce_id"
	HeaderSource      = "ce_source"
	HeaderType        = "ce_type"
	HeaderTime        = "ce_time"
	HeaderContentType = "content-type"
	HeaderLane        = "ce_lane"
	HeaderSequence    = "ce_sequence"
	HeaderTraceParent = "traceparent"
)

const (
	specVersion  = "1.0"
	contentType  = "application/json"
	sourcePrefix = "/order_service/logs/"
)

// Header is one header of a Kafka record.
type Header struct {
	Key   string
	Value []byte
}

// Record is a Kafka record without its transport: what every Kafka library can make of its own type.
type Record struct {
	Key, Value []byte
	Headers    []Header
}

// Placed is the event of an order placed.
type Placed struct {
	OrderID     int64
	Name        name.Name
	LogID       string // the order log's id, a UUID in its usual text form
	Lane        int    // 0 to Lanes-1
	Sequence    int64  // from 1, dense in its lane
	PlacedAt    time.Time
	TraceParent string // W3C Trace Context; empty for none
}

// Place is where an event stands in its log. The zero value means no place at all: a foreign event.
type Place struct {
	Source   string
	Lane     int
	Sequence int64
}

// IsZero tells whether there is no place.
func (p Place) IsZero() bool { return p == Place{} }

// LaneOf is the lane of a name: FNV-1a, 64 bits, folded to 32 by XOR as its authors advise for small ranges
// (http://www.isthe.com/chongo/tech/comp/fnv/#xor-fold), modulo Lanes.
func LaneOf(n name.Name) int {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(n.String())) // never fails
	sum := hash.Sum64()
	return int((sum>>32 ^ sum&0xffffffff) % Lanes)
}

// Source is the CloudEvents source of a log's events.
func Source(logID string) string { return sourcePrefix + logID }

// isSource tells whether s is what Source makes of a UUID, to the letter.
func isSource(s string) bool {
	text, ok := strings.CutPrefix(s, sourcePrefix)
	if !ok {
		return false
	}
	id, err := uuid.Parse(text)
	return err == nil && id.String() == text
}
