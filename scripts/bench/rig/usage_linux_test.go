package rig

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStatOfAProgramWithBlanksInItsName(t *testing.T) {
	t.Parallel()
	const line = "42 (a (b) c) S 7 42 42 0 -1 4194560 100 200 0 0 10 20 30 40 20 0 1 0 100 0 0"
	pid, parent, ticks, ok := parseStat(line)
	require.True(t, ok)
	require.Equal(t, 42, pid)
	require.Equal(t, 7, parent)
	require.EqualValues(t, 100, ticks)
	for _, bad := range []string{"", "42", "42 (a)", "x (a) S 7 42 42 0 -1 4 1 2 0 0 10 20 30 40", "42 (a) S 7 42 42 0 -1 4 1 2 0 0 10 b 30 40"} {
		_, _, _, ok = parseStat(bad)
		require.False(t, ok, bad)
	}
}

func TestTimesAddsUpDescendants(t *testing.T) {
	t.Parallel()
	require.EqualValues(t, 15, sum(1, map[int][]int{1: {2, 3}, 3: {4}}, map[int]int64{1: 1, 2: 2, 3: 4, 4: 8, 5: 16}))
}

func TestThisProcessUsesTimeAndMemory(t *testing.T) {
	t.Parallel()
	before, err := Times(os.Getpid())
	require.NoError(t, err)
	for begin := time.Now(); ; {
		after, err := Times(os.Getpid())
		require.NoError(t, err)
		if after > before {
			break
		}
		require.Less(t, time.Since(begin), 10*time.Second, "reading takes time, and that is counted")
	}
	peak, err := PeakMemory(os.Getpid())
	require.NoError(t, err)
	require.Greater(t, peak, int64(1<<20))
	_, err = Times(1 << 30)
	require.ErrorContains(t, err, "no such process")
	_, err = PeakMemory(1 << 30)
	require.Error(t, err)
}

func TestOnlyAVirtualMachineCompiles(t *testing.T) {
	t.Parallel()
	used, err := Compiling(os.Getpid())
	require.NoError(t, err)
	require.Zero(t, used)

	const name = "/proc/thread-self/comm"
	seen, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		before, err := os.ReadFile(name)
		assert.NoError(t, err)
		assert.NoError(t, os.WriteFile(name, []byte("C2 CompilerThread0"), 0o600))
		for working := true; working; { // takes time
			select {
			case <-seen:
				working = false
			default:
			}
		}
		assert.NoError(t, os.WriteFile(name, before, 0o600))
	}()
	require.Eventually(t, func() bool {
		used, err = Compiling(os.Getpid())
		return err != nil || used > 0
	}, 10*time.Second, tick)
	close(seen)
	<-ended
	require.NoError(t, err)
	_, err = Compiling(1 << 30)
	require.ErrorContains(t, err, "no such process")
}

func TestAFolderInMemoryIsRefused(t *testing.T) {
	t.Parallel()
	const memory = "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		t.Skip("this system has no ", memory)
	}
	require.ErrorContains(t, onDisk(memory), "BENCH_DIR")
	require.Error(t, onDisk("/no/such/folder"))
}
