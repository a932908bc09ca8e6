package loss_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/faults/loss"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func isA(request string) bool { return request == "a" }

func TestTakesAsManyAsWereChosen(t *testing.T) {
	t.Parallel()
	a := loss.NewAnswers()
	require.False(t, a.Take("a"))
	a.Lose(2, isA)
	require.False(t, a.Take("b"))
	require.True(t, a.Take("a"))
	require.True(t, a.Take("a"))
	require.False(t, a.Take("a"))
	a.Settle(false)
	require.True(t, a.Take("a"), "in the place of the failure")
}

func TestSeizesOneMoment(t *testing.T) {
	t.Parallel()
	a := loss.NewAnswers()
	times := 0
	a.Seize(isA, func() { times++ })
	for _, request := range []string{"b", "a", "a"} {
		require.False(t, a.Take(request))
	}
	require.Equal(t, 1, times)
}

func TestAwaitsSuccesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := loss.NewAnswers()
		a.Lose(2, isA)
		done := make(chan error, 1)
		go func() { done <- a.Await(t.Context(), 2) }()
		a.Settle(true)
		a.Settle(false)
		synctest.Wait()
		require.Empty(t, done)
		a.Settle(true)
		require.NoError(t, <-done)

		a.Lose(1, isA)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, a.Await(ctx, 1), context.Canceled, "those before do not count")
	})
}
