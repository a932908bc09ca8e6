package simulation

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestProtocol draws histories: whatever happens, what always holds does so after each step, and in the end every order
// is counted exactly once.
func TestProtocol(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { history(t) })
}

func history(t *rapid.T) *world {
	w := newWorld(t)
	defer w.end()
	t.Repeat(w.actions())
	w.heal()
	return w
}

// TestAHistoryIsTheSameAgain: otherwise a failure could neither be repeated nor shrunk.
func TestAHistoryIsTheSameAgain(t *testing.T) {
	t.Parallel()
	told := rapid.Custom(func(t *rapid.T) string {
		w := history(t)
		return fmt.Sprint(w.asked, w.sent, w.topic.ends(), w.group, w.users.applied, w.users.positions)
	})
	for seed := range 1000 {
		first := told.Example(seed)
		require.Equal(t, first, told.Example(seed))
	}
}
