package reading

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/name"
)

var (
	testKey      = []byte("a key of this test")
	testFilter   = Filter{Name: name.Restore("Ann")}
	testPosition = Position{CreatedAt: time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.UTC), ID: 4711}
)

func TestACursorThatWasMadeElsewhere(t *testing.T) {
	t.Parallel()
	cursor := sealCursor(testKey, testFilter, testPosition)
	got, err := openCursor(testKey, testFilter, cursor)
	require.NoError(t, err)
	require.Equal(t, testPosition, got)

	_, err = openCursor([]byte("another key"), testFilter, cursor)
	require.ErrorIs(t, err, ErrCursor)
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	require.NoError(t, err)
	for bit := range len(raw) * 8 {
		forged := append([]byte(nil), raw...)
		forged[bit/8] ^= 1 << (bit % 8)
		_, err := openCursor(testKey, testFilter, base64.RawURLEncoding.EncodeToString(forged))
		require.ErrorIs(t, err, ErrCursor, "bit %d", bit)
	}
	for _, text := range []string{"", "x", cursor[:43], cursor + "A", cursor + "\n", cursor + "=", "4711"} {
		_, err := openCursor(testKey, testFilter, text)
		require.ErrorIs(t, err, ErrCursor, text)
	}
}

func TestACursorBelongsToItsList(t *testing.T) {
	t.Parallel()
	noon := testPosition.CreatedAt
	lists := []Filter{
		{},
		{Name: name.Restore("Ann")},
		{Name: name.Restore("Anne")},
		{After: noon},
		{Before: noon},
		{After: noon, Before: noon.Add(time.Microsecond)},
		{Name: name.Restore("Ann"), After: noon},
		{Name: name.Restore("Ann"), Before: noon},
	}
	for i, of := range lists {
		cursor := sealCursor(testKey, of, testPosition)
		for j, other := range lists {
			_, err := openCursor(testKey, other, cursor)
			if i == j {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, ErrCursor, "a cursor of %+v is none of %+v", of, other)
		}
	}
}

func FuzzOpenCursor(f *testing.F) {
	f.Add(sealCursor(testKey, testFilter, testPosition))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		position, err := openCursor(testKey, testFilter, text)
		if err != nil {
			require.ErrorIs(t, err, ErrCursor)
			return
		}
		require.Equal(t, text, sealCursor(testKey, testFilter, position))
	})
}
