package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/track_users/internal/application/streaming"
)

const epoch = "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11"

func TestPositionsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, snapshot := range []string{"3:3:", "3:9:", "3:9:3", "3:9:4,8", "9223372036854775806:9223372036854775806:"} {
		p, ok := parsePosition(streaming.Position(epoch + "." + snapshot))
		require.True(t, ok, snapshot)
		require.Equal(t, snapshot, p.snapshot)
	}
	for _, text := range []string{
		"", epoch, epoch + ".", "x.3:3:", "{" + epoch + "}.3:3:", epoch + ".3:3", epoch + ".3:3::", epoch + ".9:3:", epoch + ".0:3:", epoch + ".03:3:",
		epoch + ".-1:3:", epoch + ".3:9:9", epoch + ".3:9:2", epoch + ".3:9:4,4", epoch + ".3:9:5,4", epoch + ".3:9:4,", epoch + ".3:9:,", epoch + ".3:9: 4",
		epoch + ".3:18446744073709551616:", epoch + ".3:9223372036854775807:",
	} {
		_, ok := parsePosition(streaming.Position(text))
		require.False(t, ok, text)
	}
}

func FuzzParsePosition(f *testing.F) {
	for _, seed := range []string{epoch + ".3:9:4,8", epoch + ".3:3:", "", epoch + ".3:9:4,4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := parsePosition(streaming.Position(text))
		if !ok {
			return
		}
		require.Equal(t, text, string(p.text()))
		require.LessOrEqual(t, p.xmin, p.xmax)
		require.Regexp(t, `^[0-9]+:[0-9]+:([0-9]+(,[0-9]+)*)?$`, p.snapshot)
	})
}
