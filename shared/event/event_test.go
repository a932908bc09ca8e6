package event_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"ordertrack/shared/event"
	"ordertrack/shared/golden"
	"ordertrack/shared/name"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const logID = "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11"

func placed(t require.TestingT, raw string) event.Placed {
	who, err := name.Parse(raw)
	require.NoError(t, err)
	return event.Placed{
		OrderID:     123,
		Name:        who,
		LogID:       logID,
		Lane:        event.LaneOf(who),
		Sequence:    7,
		PlacedAt:    time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.FixedZone("", 3600)),
		TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}
}

// text shows a record as people read it in the golden files.
func text(r event.Record) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "key: %s\nvalue: %s\n", r.Key, r.Value)
	for _, h := range r.Headers {
		fmt.Fprintf(&out, "%s: %s\n", h.Key, h.Value)
	}
	return out.Bytes()
}

func TestEncodeGolden(t *testing.T) {
	t.Parallel()
	bare := placed(t, "Ann")
	bare.TraceParent = ""
	for file, p := range map[string]event.Placed{
		"plain.txt":    placed(t, "John Doe"),
		"escaped.txt":  placed(t, `O'Neil "Q" \ <b>&</b> Zoë 👩‍🚀 `+"\u2028x"),
		"no_trace.txt": bare,
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			golden.Require(t, file, string(text(event.Encode(p))))
		})
	}
}

// The lanes of names are part of the contract: a changed hash would number an old name's orders in two lanes at once.
func TestLaneOfIsStable(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]int{"John Doe": 32, "Ann": 1, "Zoë": 17, "李雷": 32} {
		require.Equal(t, want, event.LaneOf(name.Restore(raw)), raw)
	}
}

func TestDecodeReadsWhatEncodeWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		who, err := name.Parse("x" + rapid.StringN(0, 150, -1).Filter(func(s string) bool {
			_, err := name.Parse("x" + s)
			return err == nil
		}).Draw(t, "name"))
		require.NoError(t, err)
		p := placed(t, "y")
		p.Name = who
		p.Lane = rapid.IntRange(0, event.Lanes-1).Draw(t, "lane")
		p.Sequence = rapid.Int64Min(1).Draw(t, "sequence")

		got, err := event.Decode(event.Encode(p))
		require.NoError(t, err)
		require.Equal(t, who, got.Name)
		require.Equal(t, event.Place{Source: event.Source(logID), Lane: p.Lane, Sequence: p.Sequence}, got.Place)
	})
}

func TestLaneOfSpreadsNamesEvenly(t *testing.T) {
	t.Parallel()
	const names = 64_000
	var counts [event.Lanes]int
	for i := range names {
		counts[event.LaneOf(name.Restore(fmt.Sprintf("user-%05d", i)))]++
	}
	for lane, count := range counts {
		require.InDelta(t, names/event.Lanes, count, 150, "lane %d", lane)
	}
}

// with gives the record of an ordinary event with some headers changed; nil takes the header away.
func with(t *testing.T, value string, changes map[string][]byte) event.Record {
	r := event.Encode(placed(t, "John Doe"))
	r.Value = []byte(value)
	kept := r.Headers[:0]
	for _, h := range r.Headers {
		if changed, ok := changes[h.Key]; ok {
			if changed == nil {
				continue
			}
			h.Value = changed
		}
		kept = append(kept, h)
	}
	r.Headers = kept
	return r
}

func TestDecodeForeign(t *testing.T) {
	t.Parallel()
	for title, r := range map[string]event.Record{
		"bare":              {Value: []byte(`{"name":"Ann"}`)},
		"more to say":       {Value: []byte(`{"name":" Ann ","age":7}`)},
		"other cloud event": {Value: []byte(`{"name":"Ann"}`), Headers: []event.Header{{Key: "ce_type", Value: []byte("x")}, {Key: "ce_type"}}},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			got, err := event.Decode(r)
			require.NoError(t, err)
			require.Equal(t, "Ann", got.Name.String())
			require.True(t, got.Place.IsZero())
		})
	}
}

func TestDecodeMalformed(t *testing.T) {
	t.Parallel()
	const good = `{"name":"John Doe"}`
	header := func(key, value string) map[string][]byte { return map[string][]byte{key: []byte(value)} }
	without := func(key string) map[string][]byte { return map[string][]byte{key: nil} }
	cases := map[string]struct {
		value   string
		headers map[string][]byte
		reason  event.Reason
		placed  bool
	}{
		"no value":           {value: "", reason: event.ReasonEmptyValue, placed: true},
		"large value":        {value: `{"name":"` + strings.Repeat("x", event.MaxValueBytes) + `"}`, reason: event.ReasonLargeValue, placed: true},
		"not JSON":           {value: "\x00\x01", reason: event.ReasonUndecodable, placed: true},
		"null":               {value: "null", reason: event.ReasonUndecodable, placed: true},
		"array":              {value: `["Ann"]`, reason: event.ReasonUndecodable, placed: true},
		"name is a number":   {value: `{"name":7}`, reason: event.ReasonUndecodable, placed: true},
		"name given twice":   {value: `{"name":"a","name":"b"}`, reason: event.ReasonUndecodable, placed: true},
		"trailing data":      {value: good + "{}", reason: event.ReasonUndecodable, placed: true},
		"invalid UTF-8":      {value: "{\"name\":\"\xff\"}", reason: event.ReasonUndecodable, placed: true},
		"no name":            {value: `{"Name":"Ann"}`, reason: event.ReasonNoName, placed: true},
		"name is null":       {value: `{"name":null}`, reason: event.ReasonNoName, placed: true},
		"empty name":         {value: `{"name":" "}`, reason: event.ReasonNoName, placed: true},
		"long name":          {value: `{"name":"` + strings.Repeat("x", 201) + `"}`, reason: event.ReasonNameTooLong, placed: true},
		"control character":  {value: `{"name":"a\u0000b"}`, reason: event.ReasonNameNotLegal, placed: true},
		"another type":       {value: good, headers: header(event.HeaderType, "order.cancelled"), reason: event.ReasonType, placed: true},
		"no type":            {value: good, headers: without(event.HeaderType), reason: event.ReasonType, placed: true},
		"no source":          {value: good, headers: without(event.HeaderSource), reason: event.ReasonHeaders},
		"foreign source":     {value: good, headers: header(event.HeaderSource, "/shop"), reason: event.ReasonHeaders},
		"source in capitals": {value: good, headers: header(event.HeaderSource, event.Source(strings.ToUpper(logID))), reason: event.ReasonHeaders},
		"no lane":            {value: good, headers: without(event.HeaderLane), reason: event.ReasonHeaders},
		"lane below range":   {value: good, headers: header(event.HeaderLane, "-1"), reason: event.ReasonHeaders},
		"lane above range":   {value: good, headers: header(event.HeaderLane, "64"), reason: event.ReasonHeaders},
		"empty lane":         {value: good, headers: header(event.HeaderLane, ""), reason: event.ReasonHeaders},
		"no sequence":        {value: good, headers: without(event.HeaderSequence), reason: event.ReasonHeaders},
		"sequence 0":         {value: good, headers: header(event.HeaderSequence, "0"), reason: event.ReasonHeaders},
		"negative sequence":  {value: good, headers: header(event.HeaderSequence, "-5"), reason: event.ReasonHeaders},
		"sequence too large": {value: good, headers: header(event.HeaderSequence, "9223372036854775808"), reason: event.ReasonHeaders},
		"sequence +7":        {value: good, headers: header(event.HeaderSequence, "+7"), reason: event.ReasonHeaders},
		"sequence 07":        {value: good, headers: header(event.HeaderSequence, "07"), reason: event.ReasonHeaders},
	}
	for title, tc := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			got, err := event.Decode(with(t, tc.value, tc.headers))
			var malformed *event.Malformed
			require.ErrorAs(t, err, &malformed)
			require.Equal(t, tc.reason, malformed.Reason)
			require.NotEmpty(t, malformed.Detail)
			require.True(t, got.Name.IsZero())
			require.Equal(t, tc.placed, !got.Place.IsZero())
		})
	}
}

func TestDecodeHeaderGivenTwice(t *testing.T) {
	t.Parallel()
	r := event.Encode(placed(t, "Ann"))
	r.Headers = append(r.Headers, event.Header{Key: event.HeaderSequence, Value: []byte("8")})
	got, err := event.Decode(r)
	require.ErrorContains(t, err, "ce_sequence is given twice")
	require.True(t, got.Place.IsZero())
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name":"Ann"}`), "3", "9", event.Source(logID), event.Type)
	f.Add([]byte(`{"name":7}`), "", "", "", "")
	f.Add([]byte(`{"name":"a","name":"b"}`), "-1", "0", "/x", "y")
	f.Add([]byte("\xff\x00"), "64", "99999999999999999999", event.Source("x"), event.Type)
	f.Fuzz(func(t *testing.T, value []byte, lane, sequence, source, kind string) {
		got, err := event.Decode(event.Record{Value: value, Headers: []event.Header{
			{Key: event.HeaderLane, Value: []byte(lane)},
			{Key: event.HeaderSequence, Value: []byte(sequence)},
			{Key: event.HeaderSource, Value: []byte(source)},
			{Key: event.HeaderType, Value: []byte(kind)},
		}})
		if !got.Place.IsZero() {
			require.True(t, 0 <= got.Place.Lane && got.Place.Lane < event.Lanes && got.Place.Sequence >= 1)
		}
		if err != nil {
			var malformed *event.Malformed
			require.ErrorAs(t, err, &malformed)
			require.True(t, got.Name.IsZero())
			return
		}
		require.False(t, got.Name.IsZero())
		require.False(t, got.Place.IsZero(), "a record that claims a place never counts as foreign")
	})
}
