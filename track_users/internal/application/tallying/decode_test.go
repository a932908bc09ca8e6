package tallying_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/event"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// changed gives the record of an order with another value and some headers changed; an empty one is taken away.
func changed(value string, headers map[string]string) tallying.Raw {
	r := placed(9, "Ann", 3, 7)
	if value != "" {
		r.Record.Value = []byte(value)
	}
	kept := make([]domain.Header, 0, len(r.Record.Headers))
	for _, h := range r.Record.Headers {
		if to, ok := headers[h.Key]; ok {
			h.Value = []byte(to)
		}
		if len(h.Value) > 0 {
			kept = append(kept, h)
		}
	}
	r.Record.Headers = kept
	return r
}

func TestDecode(t *testing.T) {
	t.Parallel()
	place := domain.Place{Lane: lane(3), Sequence: 7}
	for title, c := range map[string]struct {
		raw    tallying.Raw
		name   string
		place  domain.Place
		reason string
	}{
		"order":                    {raw: changed("", nil), name: "Ann", place: place},
		"order, name to normalize": {raw: changed(`{"name":" Zoe\u0308 "}`, nil), name: "Zoë", place: place},
		"order without a name":     {raw: changed(`{}`, nil), place: place, reason: "name_missing"},
		"order that is no JSON":    {raw: changed(`Ann`, nil), place: place, reason: "value_undecodable"},
		"order with a control":     {raw: changed(`{"name":"a\u0000"}`, nil), place: place, reason: "name_invalid"},
		"order with a long name": {
			raw: changed(`{"name":"`+strings.Repeat("x", 201)+`"}`, nil), place: place, reason: "name_too_long",
		},
		"another type":     {raw: changed("", map[string]string{"ce_type": "x"}), place: place, reason: "type_unknown"},
		"a lane too many":  {raw: changed("", map[string]string{"ce_lane": "64"}), reason: "headers_invalid"},
		"half a place":     {raw: changed("", map[string]string{"ce_sequence": ""}), reason: "headers_invalid"},
		"sequence nought":  {raw: changed("", map[string]string{"ce_sequence": "0"}), reason: "headers_invalid"},
		"another source":   {raw: changed("", map[string]string{"ce_source": "me"}), reason: "headers_invalid"},
		"foreign":          {raw: foreign(9, "Ann"), name: "Ann"},
		"foreign, no name": {raw: raw(9, event.Record{Value: []byte(`{"age":7}`)}), reason: "name_missing"},
		"tombstone":        {raw: raw(9, event.Record{Key: []byte("Ann")}), reason: "value_empty"},
		"nothing":          {raw: raw(9, event.Record{}), reason: "value_empty"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			e := tallying.Decode(c.raw)
			require.Equal(t, c.place, e.Place)
			require.Equal(t, c.place.IsZero(), e.IsForeign())
			require.EqualValues(t, 9, e.Offset)
			require.Equal(t, c.raw.Record, e.Record)
			if c.reason == "" {
				require.Nil(t, e.Fault)
				require.Equal(t, c.name, e.Name.String())
				return
			}
			require.NotNil(t, e.Fault)
			require.Equal(t, c.reason, e.Fault.Reason)
			require.NotEmpty(t, e.Fault.Detail)
		})
	}
}

func FuzzDecode(f *testing.F) {
	add := func(r tallying.Raw) {
		headers := map[string][]byte{}
		for _, h := range r.Record.Headers {
			headers[h.Key] = h.Value
		}
		f.Add(r.Record.Value, headers["ce_source"], headers["ce_type"], headers["ce_lane"], headers["ce_sequence"], "k", []byte("v"))
	}
	add(placed(0, "Ann", 1, 1))
	add(placed(0, "Zoë 👩‍🚀", 63, 1<<62))
	add(broken(0, 1, 2))
	add(foreign(0, "Ann"))
	add(foreign(0, `a\u0000`))
	add(changed(`{"name":"a","name":"b"}`, nil))
	add(changed("", map[string]string{"ce_lane": "-1"}))
	add(changed("", map[string]string{"ce_sequence": "9223372036854775808"}))
	f.Add([]byte{0xff}, []byte(nil), []byte("x"), []byte("07"), []byte("+1"), "ce_lane", []byte("3"))
	f.Fuzz(func(t *testing.T, value, source, kind, lane, sequence []byte, key string, other []byte) {
		r := tallying.Raw{Offset: 5, Record: domain.Record{Value: value}}
		for k, v := range map[string][]byte{"ce_source": source, "ce_type": kind, "ce_lane": lane, "ce_sequence": sequence, key: other} {
			if v != nil {
				r.Record.Headers = append(r.Record.Headers, domain.Header{Key: k, Value: v})
			}
		}
		e := tallying.Decode(r)
		require.Equal(t, r.Record, e.Record, "what is parked is what was read")
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
	raw := placed(9, "Ann", 3, 7)
	b.ReportAllocs()
	for b.Loop() {
		if e := tallying.Decode(raw); e.Fault != nil {
			b.Fatal(e.Fault)
		}
	}
}
