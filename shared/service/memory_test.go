package service

import (
	"math"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheCollectorsLimitsAreOursUnlessTheEnvironmentHasOthers(t *testing.T) { //nolint:paralleltest // they are the process's
	limit, percent := debug.SetMemoryLimit(math.MaxInt64), debug.SetGCPercent(50)
	t.Cleanup(func() {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
	})
	limitMemory(func(string) string { return "7" })
	require.Equal(t, int64(math.MaxInt64), debug.SetMemoryLimit(-1))
	require.Equal(t, 50, debug.SetGCPercent(50))
	limitMemory(func(string) string { return "" })
	require.Equal(t, int64(memoryLimit), debug.SetMemoryLimit(-1))
	require.Equal(t, growth, debug.SetGCPercent(50))
}
