package backoff_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"ordertrack/shared/backoff"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDelayStaysInTheUpperHalfOfItsStep(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base := time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "base"))
		policy := backoff.Policy{Base: base, Max: base * time.Duration(rapid.Int64Range(1, 1000).Draw(t, "factor"))}
		attempt := rapid.IntRange(0, 200).Draw(t, "attempt")

		step := policy.Max
		if attempt < 10 {
			step = min(policy.Max, base<<attempt)
		}
		delay := policy.Delay(attempt)
		require.LessOrEqual(t, delay, step)
		require.GreaterOrEqual(t, delay, min(step, policy.Max)/2)
	})
}

func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		require.NoError(t, backoff.Sleep(t.Context(), time.Hour))
		require.Equal(t, time.Hour, time.Since(begin))
	})
}

func TestSleepEndsWithTheContext(t *testing.T) {
	t.Parallel()
	cause := errors.New("stopping")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	require.ErrorIs(t, backoff.Sleep(ctx, time.Hour), cause)
	for range 100 { // two that are ready would be drawn by lot
		require.ErrorIs(t, backoff.Sleep(ctx, 0), cause)
	}
}
