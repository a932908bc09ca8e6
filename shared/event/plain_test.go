package event

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/name"
)

// FuzzPlainName holds the short way of reading a value against the decoder.
func FuzzPlainName(f *testing.F) {
	for _, value := range []string{
		`{"name":"Ann"}`, `{"name":""}`, `{"name":"a\u0041"}`, `{"name":"a","name":"b"}`, `{"name":"}`, `{"name":"a"}"}`,
		"{\"name\":\"Zo\xc3\xab\"}", "{\"name\":\"\xff\"}", "{\"name\":\"a\tb\"}", `{"name":"a" }`,
	} {
		f.Add([]byte(value))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		raw, ok := plainName(value)
		if !ok {
			return
		}
		want, err := unmarshalName(value)
		require.NoError(t, err)
		require.Equal(t, want, raw)
	})
}

func TestThePlainNameOfAnOrdinaryEventIsRead(t *testing.T) {
	t.Parallel()
	raw, ok := plainName(Encode(Placed{Name: name.Restore("John Doe")}).Value)
	require.True(t, ok)
	require.Equal(t, "John Doe", raw)
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{
		"0", "7", "07", "-1", "+1", "", "1x", "٣",
		strconv.Itoa(math.MaxInt64), "9223372036854775808", "99999999999999999999",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := parseDecimal([]byte(s))
		want, err := strconv.ParseInt(s, 10, 64)
		sound := err == nil && want >= 0 && strconv.FormatInt(want, 10) == s
		require.Equal(t, sound, ok)
		if sound {
			require.Equal(t, want, n)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	record := Encode(Placed{
		OrderID: 123456, Name: name.Restore("John Doe"), LogID: "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11", Lane: 32, Sequence: 1234,
		TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	})
	b.ReportAllocs()
	var d Decoder
	for b.Loop() {
		if _, err := d.Decode(record); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	placed := Placed{
		OrderID: 123456, Name: name.Restore("John Doe"), LogID: "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11", Lane: 32, Sequence: 1234,
		TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}
	b.ReportAllocs()
	for b.Loop() {
		Encode(placed)
	}
}
