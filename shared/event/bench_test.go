package event_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/event"
	"ordertrack/shared/name"
)

func BenchmarkEncode(b *testing.B) {
	p := placed(b, "John Doe")
	b.ReportAllocs()
	for b.Loop() {
		if r := event.Encode(p); len(r.Key) == 0 {
			b.Fatal("no key")
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	record := event.Encode(placed(b, "John Doe"))
	b.ReportAllocs()
	var decoder event.Decoder
	for b.Loop() {
		_, err := decoder.Decode(record)
		require.NoError(b, err)
	}
}

func BenchmarkLaneOf(b *testing.B) {
	who := name.Restore("John Doe")
	b.ReportAllocs()
	for b.Loop() {
		if event.LaneOf(who) >= event.Lanes {
			b.Fatal("no lane")
		}
	}
}
