package event

import (
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Encode makes the record of an event.
func Encode(p Placed) Record {
	headers := make([]Header, 0, 9)
	for _, h := range [...]struct{ key, value string }{
		{HeaderSpecVersion, specVersion},
		{HeaderID, strconv.FormatInt(p.OrderID, 10)},
		{HeaderSource, Source(p.LogID)},
		{HeaderType, Type},
		{HeaderTime, p.PlacedAt.UTC().Format(time.RFC3339Nano)},
		{HeaderContentType, contentType},
		{HeaderLane, strconv.Itoa(p.Lane)},
		{HeaderSequence, strconv.FormatInt(p.Sequence, 10)},
	} {
		headers = append(headers, Header{Key: h.key, Value: []byte(h.value)})
	}
	if p.TraceParent != "" {
		headers = append(headers, Header{Key: HeaderTraceParent, Value: []byte(p.TraceParent)})
	}
	return Record{Key: []byte(p.Name.String()), Value: encodeValue(p.Name.String()), Headers: headers}
}

func encodeValue(n string) []byte {
	value := make([]byte, 0, len(`{"name":""}`)+len(n))
	value = append(value, `{"name":`...)
	value, err := jsontext.AppendQuote(value, n)
	if err != nil { // only invalid UTF-8 can be refused, and a Name has none
		panic(fmt.Sprintf("name %q is not UTF-8: %v", n, err))
	}
	return append(value, '}')
}
