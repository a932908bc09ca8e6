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
