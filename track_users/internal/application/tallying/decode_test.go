package tallying_test

import (
	"bytes"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/event"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// changed gives the record of an order with another value and some headers changed; an empty one is taken away.
func changed(value string, headers map[string]string) event.Record {
	r := order("Ann", 3, 7)
	if value != "" {
		r.Value = []byte(value)
	}
	kept := make([]event.Header, 0, len(r.Headers))
	for _, h := range r.Headers {
		if to, ok := headers[h.Key]; ok {
			h.Value = []byte(to)
		}
		if len(h.Value) > 0 {
			kept = append(kept, h)
		}
	}
	r.Headers = kept
	return r
}

func TestDecode(t *testing.T) {
	t.Parallel()
	place := domain.Place{Lane: lane(3), Sequence: 7}
	for title, c := range map[string]struct {
		record event.Record
		name   string
		place  domain.Place
		reason string
	}{
		"order":                    {record: changed("", nil), name: "Ann", place: place},
		"order, name to normalize": {record: changed(`{"name":" Zoe\u0308 "}`, nil), name: "Zoë", place: place},
		"order without a name":     {record: changed(`{}`, nil), place: place, reason: "name_missing"},
		"order that is no JSON":    {record: changed(`Ann`, nil), place: place, reason: "value_undecodable"},
		"order with a control":     {record: changed(`{"name":"a\u0000"}`, nil), place: place, reason: "name_invalid"},
		"order with a long name": {
			record: changed(`{"name":"`+strings.Repeat("x", 201)+`"}`, nil), place: place, reason: "name_too_long",
		},
		"another type":     {record: changed("", map[string]string{"ce_type": "x"}), place: place, reason: "type_unknown"},
		"a lane too many":  {record: changed("", map[string]string{"ce_lane": "64"}), reason: "headers_invalid"},
		"half a place":     {record: changed("", map[string]string{"ce_sequence": ""}), reason: "headers_invalid"},
		"sequence nought":  {record: changed("", map[string]string{"ce_sequence": "0"}), reason: "headers_invalid"},
		"another source":   {record: changed("", map[string]string{"ce_source": "me"}), reason: "headers_invalid"},
		"foreign":          {record: bare("Ann"), name: "Ann"},
		"foreign, no name": {record: event.Record{Value: []byte(`{"age":7}`)}, reason: "name_missing"},
		"tombstone":        {record: event.Record{Key: []byte("Ann")}, reason: "value_empty"},
		"nothing":          {record: event.Record{}, reason: "value_empty"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			e := decode(9, c.record)
			require.Equal(t, c.place, e.Place)
			require.Equal(t, c.place.IsZero(), e.IsForeign())
			require.EqualValues(t, 9, e.Offset)
			if c.reason == "" {
				require.Nil(t, e.Fault)
				require.Nil(t, e.Record)
				require.Equal(t, c.name, e.Name.String())
				return
			}
			require.NotNil(t, e.Fault)
			require.Equal(t, c.reason, e.Fault.Reason)
			require.NotEmpty(t, e.Fault.Detail)
			require.Equal(t, tallying.Copy(c.record), e.Record)
		})
	}
}

// An event may wait for long: a few bytes of a record would keep the whole response alive that it came in. Transports
// make strings of their buffers without a copy, too.
func TestDecode_KeepsNothingOfTheRecordsMemory(t *testing.T) {
	t.Parallel()
	for title, r := range map[string]event.Record{
		"order":                    order("Ann", 3, 7),
		"order, name to normalize": changed(`{"name":" Zoe\u0308 "}`, nil),
		"foreign":                  bare("Zoë"),
		"order without a name":     nameless(3, 7),
		"strange headers": {Value: []byte("{"), Key: []byte("key"), Headers: []event.Header{
			{Key: "a", Value: []byte("header")}, {Key: "b"}, {Key: "c", Value: []byte{}},
		}},
		"tombstone": {},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			lent, buffers := lend(r)
			e := decode(9, lent)
			for _, buffer := range buffers {
				clear(buffer)
			}
			clear(lent.Headers)
			require.Equal(t, decode(9, r), e)
			if e.Fault != nil {
				require.Equal(t, r.Key == nil, e.Record.Key == nil, "no key is not an empty one")
				require.Equal(t, r.Value == nil, e.Record.Value == nil)
			}
		})
	}
}

// lend gives a copy of a record, and all memory that it lies in.
func lend(r event.Record) (lent event.Record, buffers [][]byte) {
	take := func(b []byte) []byte {
		b = bytes.Clone(b)
		buffers = append(buffers, b)
		return b
	}
	lent = event.Record{Key: take(r.Key), Value: take(r.Value), Headers: make([]event.Header, len(r.Headers))}
	for i, h := range r.Headers {
		key := take([]byte(h.Key))
		lent.Headers[i] = event.Header{Key: unsafe.String(unsafe.SliceData(key), len(key)), Value: take(h.Value)}
	}
	return lent, buffers
}

func FuzzDecode(f *testing.F) {
	add := func(r event.Record) {
		headers := map[string][]byte{}
		for _, h := range r.Headers {
			headers[h.Key] = h.Value
		}
		f.Add(r.Value, headers["ce_source"], headers["ce_type"], headers["ce_lane"], headers["ce_sequence"], "k", []byte("v"))
	}
	add(order("Ann", 1, 1))
	add(order("Zoë 👩‍🚀", 63, 1<<62))
	add(nameless(1, 2))
	add(bare("Ann"))
	add(bare(`a\u0000`))
	add(changed(`{"name":"a","name":"b"}`, nil))
	add(changed("", map[string]string{"ce_lane": "-1"}))
	add(changed("", map[string]string{"ce_sequence": "9223372036854775808"}))
	f.Add([]byte{0xff}, []byte(nil), []byte("x"), []byte("07"), []byte("+1"), "ce_lane", []byte("3"))
	f.Fuzz(func(t *testing.T, value, source, kind, lane, sequence []byte, key string, other []byte) {
		r := event.Record{Value: value}
		for k, v := range map[string][]byte{"ce_source": source, "ce_type": kind, "ce_lane": lane, "ce_sequence": sequence, key: other} {
			if v != nil {
				r.Headers = append(r.Headers, event.Header{Key: k, Value: v})
			}
		}
		e := decode(5, r)
		if e.Fault == nil {
			require.Nil(t, e.Record)
		} else {
			require.Equal(t, tallying.Copy(r), e.Record, "what is parked is what was read")
		}
		require.Equal(t, e.Fault == nil, !e.Name.IsZero(), "either a name or a fault")
		require.Equal(t, e.Place == domain.Place{}, e.IsForeign())
		if e.IsForeign() {
			return
		}
		require.Equal(t, string(source), e.Place.Lane.Source)
		require.True(t, 0 <= e.Place.Lane.Number && e.Place.Lane.Number < event.Lanes)
		require.Positive(t, e.Place.Sequence)
	})
}

func BenchmarkDecode(b *testing.B) {
	record := order("Ann", 3, 7)
	var d tallying.Decoder
	b.ReportAllocs()
	for b.Loop() {
		if e := d.Event(9, record); e.Fault != nil {
			b.Fatal(e.Fault)
		}
	}
}
