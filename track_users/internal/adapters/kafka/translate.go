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

// headerKey makes no string of the keys that nearly every record has.
func headerKey(key []byte) string {
	switch string(key) {
	case event.HeaderSpecVersion:
		return event.HeaderSpecVersion
	case event.HeaderID:
		return event.HeaderID
	case event.HeaderSource:
		return event.HeaderSource
	case event.HeaderType:
		return event.HeaderType
	case event.HeaderTime:
		return event.HeaderTime
	case event.HeaderContentType:
		return event.HeaderContentType
	case event.HeaderLane:
		return event.HeaderLane
	case event.HeaderSequence:
		return event.HeaderSequence
	case event.HeaderTraceParent:
		return event.HeaderTraceParent
	default:
		return string(key)
	}
}
