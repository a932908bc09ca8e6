package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The cursor moves over what is counted here: an event that was not acknowledged must not lie below it.
func TestWhatIsAcknowledgedEndsBeforeTheFirstGap(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		acked []bool
		want  int
	}{
		{nil, 0},
		{[]bool{false, true, true}, 0},
		{[]bool{true, true, false, true}, 2},
		{[]bool{true, true}, 2},
	} {
		require.Equal(t, tc.want, (&delivery{acked: tc.acked}).acknowledged(), tc.acked)
	}
}
