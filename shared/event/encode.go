package event

import (
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// What is the same in every record. Nobody writes into a record's bytes.
var (
	specVersionBytes = []byte(specVersion)
	typeBytes        = []byte(Type)
	contentTypeBytes = []byte(contentType)
)

// usualBytes is enough for what differs from record to record in nearly all of them.
const usualBytes = 256

// Encode makes the record of an event. Its parts share memory, and with other records: they are only to be read.
func Encode(p Placed) Record {
	who := p.Name.String()
	w := writer{room: make([]byte, 0, usualBytes+2*len(who))}
	headers := make([]Header, 0, 9)
	headers = append(headers,
		Header{HeaderSpecVersion, specVersionBytes},
		Header{HeaderID, w.decimal(p.OrderID)},
		Header{HeaderSource, w.text(sourcePrefix, p.LogID)},
		Header{HeaderType, typeBytes},
		Header{HeaderTime, w.time(p.PlacedAt)},
		Header{HeaderContentType, contentTypeBytes},
		Header{HeaderLane, w.decimal(int64(p.Lane))},
		Header{HeaderSequence, w.decimal(p.Sequence)},
	)
	if p.TraceParent != "" {
		headers = append(headers, Header{HeaderTraceParent, w.text(p.TraceParent)})
	}
	return Record{Key: w.text(who), Value: w.value(who), Headers: headers}
}

// writer puts one piece after the other into the same memory.
type writer struct{ room []byte }

// piece gives what was written since begin, and no room behind it for others to write into.
func (w *writer) piece(begin int) []byte { return w.room[begin:len(w.room):len(w.room)] }

func (w *writer) text(parts ...string) []byte {
	begin := len(w.room)
	for _, part := range parts {
		w.room = append(w.room, part...)
	}
	return w.piece(begin)
}

func (w *writer) decimal(n int64) []byte {
	begin := len(w.room)
	w.room = strconv.AppendInt(w.room, n, 10)
	return w.piece(begin)
}

func (w *writer) time(at time.Time) []byte {
	begin := len(w.room)
	w.room = at.UTC().AppendFormat(w.room, time.RFC3339Nano)
	return w.piece(begin)
}

func (w *writer) value(who string) []byte {
	begin := len(w.room)
	w.room = append(w.room, `{"name":`...)
	room, err := jsontext.AppendQuote(w.room, who)
	if err != nil { // only invalid UTF-8 can be refused, and a Name has none
		panic(fmt.Sprintf("name %q is not UTF-8: %v", who, err))
	}
	w.room = room
	w.room = append(w.room, '}')
	return w.piece(begin)
}
