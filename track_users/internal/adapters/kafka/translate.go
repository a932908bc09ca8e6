package kafka

import (
	"github.com/IBM/sarama"

	"ordertrack/shared/event"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// translator makes events of messages, in one goroutine. A message takes some ten times the memory of its event.
type translator struct {
	decoder tallying.Decoder
	headers []event.Header // of the message at hand
}

func (t *translator) event(m *sarama.ConsumerMessage) *domain.Event {
	return t.decoder.Event(m.Offset, t.record(m))
}

// record shares memory with the message, and is good until the next one.
func (t *translator) record(m *sarama.ConsumerMessage) event.Record {
	const usual = 64
	if cap(t.headers) > usual {
		t.headers = nil // a message with very many is not to be paid for ever after
	}
	t.headers = t.headers[:0]
	for _, h := range m.Headers {
		t.headers = append(t.headers, event.Header{Key: headerKey(h.Key), Value: h.Value})
	}
	return event.Record{Key: m.Key, Value: m.Value, Headers: t.headers}
}

// ourHeaders are the keys that nearly every record has.
var ourHeaders = [...]string{
	event.HeaderSpecVersion, event.HeaderID, event.HeaderSource, event.HeaderType, event.HeaderTime,
	event.HeaderContentType, event.HeaderLane, event.HeaderSequence, event.HeaderTraceParent,
}

// headerKey makes no string of one of our keys: the compiler makes none for a comparison.
func headerKey(key []byte) string {
	for _, ours := range ourHeaders {
		if string(key) == ours {
			return ours
		}
	}
	return string(key)
}
