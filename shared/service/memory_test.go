package service

import (
	"math"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheMemoryLimitIsOursUnlessTheEnvironmentHasOne(t *testing.T) { //nolint:paralleltest // the limit is the process's
	before := debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	limitMemory(func(string) string { return "2GiB" })
	require.Equal(t, int64(math.MaxInt64), debug.SetMemoryLimit(-1))
	limitMemory(func(string) string { return "" })
	require.Equal(t, int64(memoryLimit), debug.SetMemoryLimit(-1))
}
