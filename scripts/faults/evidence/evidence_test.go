package evidence_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/faults/evidence"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHold(t *testing.T) {
	t.Parallel()
	killed, paused := evidence.Killed("it"), evidence.Paused("it")
	wants := []evidence.Want{evidence.Times(2, killed), evidence.AtLeast(paused, 3*time.Second)}
	for name, c := range map[string]struct {
		killed, paused int64
		want           string
	}{
		"nothing":       {0, 0, "the fault was none: ends of it by SIGKILL: 0, and at least 2 are wanted; milliseconds that it stood still: 0, and at least 3000 are wanted"},
		"not often":     {1, 3000, "the fault was none: ends of it by SIGKILL: 1, and at least 2 are wanted"},
		"not for long":  {2, 2999, "the fault was none: milliseconds that it stood still: 2999, and at least 3000 are wanted"},
		"just enough":   {2, 3000, ""},
		"more than all": {9, 9000, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := evidence.NewLog()
			for range c.killed {
				log.Saw(killed, 1)
			}
			log.Saw(paused, c.paused)
			err := log.Hold(wants)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			var missing *evidence.MissingError
			require.ErrorAs(t, err, &missing)
			require.EqualError(t, err, c.want)
		})
	}
}

func TestNobodyNeedsALog(t *testing.T) {
	t.Parallel()
	var none *evidence.Log
	none.Saw(evidence.PutBack, 1)
	require.Zero(t, none.Count(evidence.PutBack))
	require.Error(t, none.Hold([]evidence.Want{evidence.Once(evidence.PutBack)}))
}
