package pgwire

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func message(kind byte, body string) []byte {
	var m []byte
	if kind != 0 {
		m = append(m, kind)
	}
	m = binary.BigEndian.AppendUint32(m, uint32(lengthBytes+len(body)))
	return append(m, body...)
}

func TestFramesHoweverChopped(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxKept+10)
	stream := message(0, "start")
	for _, m := range [][]byte{message('Q', "SELECT 1\x00"), message('S', ""), message('B', long), message('Z', "I")} {
		stream = append(stream, m...)
	}
	type got struct {
		kind byte
		body string
	}
	want := []got{{0, "start"}, {'Q', "SELECT 1\x00"}, {'S', ""}, {'B', long[:maxKept]}, {'Z', "I"}}
	for _, size := range []int{1, 2, 3, 7, 100, len(stream)} {
		f := frames{untyped: true}
		var all []got
		for rest := stream; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			f.feed(rest[:min(size, len(rest))], func(kind byte, body []byte) { all = append(all, got{kind, string(body)}) })
		}
		require.Equal(t, want, all, "in pieces of %d", size)
	}
}
