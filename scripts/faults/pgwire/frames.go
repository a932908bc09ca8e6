// Package pgwire reads as much of PostgreSQL's protocol as it takes to lose the answer to one statement by choice
// (https://www.postgresql.org/docs/current/protocol-message-formats.html).
package pgwire

import "encoding/binary"

// maxKept bounds what is kept of a message's body: names and statements stand at its beginning.
const maxKept = 16 << 10

// frames cuts a stream of bytes, however it is chopped, into messages.
type frames struct {
	untyped bool // the next message has no type: the first one of a client
	header  []byte
	body    []byte // the beginning of it
	left    int    // bytes of the body that are still to come
}

const (
	lengthBytes = 4
	headerBytes = 1 + lengthBytes
)

// feed calls yield for each message that the chunk completes.
func (f *frames) feed(chunk []byte, yield func(kind byte, body []byte)) {
	for len(chunk) > 0 {
		if f.left == 0 {
			chunk = f.begin(chunk, yield)
			continue
		}
		n := min(f.left, len(chunk))
		f.body = append(f.body, chunk[:min(n, maxKept-len(f.body))]...)
		f.left -= n
		chunk = chunk[n:]
		f.yieldWhole(yield)
	}
}

// begin reads a header, or a part of it, and returns what is behind.
func (f *frames) begin(chunk []byte, yield func(byte, []byte)) []byte {
	want := headerBytes
	if f.untyped {
		want = lengthBytes
	}
	n := min(want-len(f.header), len(chunk))
	f.header = append(f.header, chunk[:n]...)
	if len(f.header) == want {
		length := binary.BigEndian.Uint32(f.header[want-lengthBytes:])
		f.left = max(int(length)-lengthBytes, 0)
		f.yieldWhole(yield)
	}
	return chunk[n:]
}

func (f *frames) yieldWhole(yield func(byte, []byte)) {
	if f.left > 0 {
		return
	}
	var kind byte
	if !f.untyped {
		kind = f.header[0]
	}
	yield(kind, f.body)
	f.untyped, f.header, f.body = false, f.header[:0], f.body[:0]
}
