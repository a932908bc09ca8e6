package dirlock_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/localstack/dirlock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOneHolderAtATime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := dirlock.Try(path)
	require.NoError(t, err)

	_, err = dirlock.Try(path)
	var held *dirlock.HeldError
	require.ErrorAs(t, err, &held)
	require.Equal(t, os.Getpid(), held.PID)
	require.ErrorContains(t, err, filepath.Dir(path))

	require.NoError(t, first.Release())
	require.NoError(t, first.Release(), "to release twice is no error")
	second, err := dirlock.Try(path)
	require.NoError(t, err)
	require.NoError(t, second.Release())
}

func TestWait(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := dirlock.Try(path)
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err = dirlock.Wait(ctx, path)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	var held *dirlock.HeldError
	require.ErrorAs(t, err, &held)

	got := make(chan error, 1)
	go func() {
		second, err := dirlock.Wait(t.Context(), path)
		if err == nil {
			err = second.Release()
		}
		got <- err
	}()
	require.NoError(t, first.Release())
	require.NoError(t, <-got)
}

func TestALockThatCannotBe(t *testing.T) {
	t.Parallel()
	_, err := dirlock.Wait(t.Context(), filepath.Join(t.TempDir(), "none", "lock"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
