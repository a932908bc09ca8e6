// Package kafkawire reads as much of Kafka's protocol as a proxy before a broker needs: it must stand in the broker's
// place where the broker tells its address, and can lose single answers, or refuse in them, by choice
// (https://kafka.apache.org/protocol#protocol_messages).
package kafkawire

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"

	"ordertrack/scripts/faults/loss"
)

const (
	sizeBytes        = 4
	correlationBytes = 4
	requestHead      = 2 + 2 + correlationBytes // key, version, correlation id
)

// Tap makes the broker's port another one in what the broker says, and loses the answers that were chosen by the name of
// their request, "Produce" for one; the connection is reset then. It implements proxy.Tap for one connection without
// encryption.
type Tap struct {
	answers    *loss.Answers
	refusals   *Refusals
	port, like int32 // the broker's, and what it becomes

	mu                sync.Mutex
	requests, replies []byte // the beginnings of messages that are not complete yet
	pending           map[int32]request
}

type request struct {
	key, version int16
	losing       bool
}

// NewTap looks at one connection to a broker that listens on port, by way of a proxy that listens on like.
func NewTap(answers *loss.Answers, refusals *Refusals, port, like int) *Tap {
	return &Tap{answers: answers, refusals: refusals, port: int32(port), like: int32(like), pending: map[int32]request{}}
}

// ToServer notes what is asked.
func (t *Tap) ToServer(chunk []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests = append(t.requests, chunk...)
	for {
		message, ok := cut(&t.requests)
		if !ok {
			return
		}
		if len(message) < requestHead {
			continue
		}
		r := request{
			key:     int16(binary.BigEndian.Uint16(message)),
			version: int16(binary.BigEndian.Uint16(message[2:])),
		}
		r.losing = t.answers.Take(kmsg.NameForKey(r.key))
		t.pending[correlation(message[4:])] = r
	}
}

// ToClient passes on whole answers.
func (t *Tap) ToClient(chunk []byte) (passing []byte, cutting bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.replies = append(t.replies, chunk...)
	for {
		message, ok := cut(&t.replies)
		if !ok {
			return passing, false
		}
		if len(message) < correlationBytes {
			continue
		}
		r := t.pending[correlation(message)]
		delete(t.pending, correlation(message))
		body, err := t.edit(r, message[correlationBytes:])
		if err != nil || r.losing {
			t.settle(r, err == nil)
			return passing, true
		}
		passing = binary.BigEndian.AppendUint32(passing, uint32(correlationBytes+len(body)))
		passing = append(append(passing, message[:correlationBytes]...), body...)
	}
}

func (t *Tap) settle(r request, success bool) {
	if r.losing {
		t.answers.Settle(success)
	}
}

// edit returns the body with the broker's port changed, or a partition refused; an error for an answer that is to be
// lost and tells of one.
func (t *Tap) edit(r request, body []byte) ([]byte, error) {
	tells := r.key == metadataKey || r.key == coordinatorKey
	refusing := r.key == produceKey && t.refusals.wanted()
	if !tells && !refusing && !r.losing {
		return body, nil
	}
	response := kmsg.ResponseForKey(r.key)
	if response == nil {
		return body, nil
	}
	response.SetVersion(r.version)
	var tags []byte
	if response.IsFlexible() && r.key != apiVersionsKey { // its header has tagged fields, and nobody sends any
		tags, body = body[:1], body[1:]
	}
	if err := response.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("read the answer to %s: %w", kmsg.NameForKey(r.key), err)
	}
	if r.losing {
		return body, failure(response)
	}
	t.stand(response)
	if produced, ok := response.(*kmsg.ProduceResponse); ok {
		t.refusals.refuse(produced)
	}
	return response.AppendTo(slices.Clone(tags)), nil
}

// cut takes the first message off, without its size.
func cut(stream *[]byte) (message []byte, ok bool) {
	if len(*stream) < sizeBytes {
		return nil, false
	}
	end := sizeBytes + int(binary.BigEndian.Uint32(*stream))
	if len(*stream) < end {
		return nil, false
	}
	message, *stream = (*stream)[sizeBytes:end], (*stream)[end:]
	return message, true
}

func correlation(b []byte) int32 { return int32(binary.BigEndian.Uint32(b)) }
