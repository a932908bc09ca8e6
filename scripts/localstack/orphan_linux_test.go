package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestNoOrphans kills the program itself, as a newcomer might, and looks for what it left. Then the next start has to
// work on the same data.
func TestNoOrphans(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "localstack")
	built, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, "%s", built)
	environ := environment(t)

	for range 2 {
		program, said := startProgram(t, binary, environ)
		pids := descendants(t, program.Process.Pid)
		require.GreaterOrEqual(t, len(pids), 5, "the broker, PostgreSQL and its own processes")
		require.NoError(t, program.Process.Kill())
		_ = program.Wait()
		for _, pid := range pids {
			require.Eventually(t, func() bool { return ended(pid) }, 10*time.Second, 5*time.Millisecond, "%d is left over: %s", pid, said)
		}
	}

	program, said := startProgram(t, binary, environ)
	require.NoError(t, program.Process.Signal(syscall.SIGTERM))
	require.NoError(t, program.Wait(), "%s", said)
	require.Contains(t, said.String(), "stopped; the data stays in")
}

func startProgram(t *testing.T, binary string, environ []string) (*exec.Cmd, *output) {
	t.Helper()
	said := &output{}
	program := exec.Command(binary, "infra")
	program.Env = slices.Concat(os.Environ(), environ)
	program.Stdout, program.Stderr = said, said
	program.WaitDelay = time.Second
	require.NoError(t, program.Start())
	t.Cleanup(func() { _ = program.Process.Kill() })
	require.Eventually(t, func() bool { return strings.Contains(said.String(), "Ready.") }, limit, 10*time.Millisecond, "%s", said)
	return program, said
}

// descendants are the processes below pid.
func descendants(t *testing.T, pid int) []int {
	t.Helper()
	children := map[int][]int{}
	entries, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, entry := range entries {
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		require.NoError(t, err)
		if fields := statFields(entry); fields != nil {
			parent, err := strconv.Atoi(fields[1])
			require.NoError(t, err)
			children[parent] = append(children[parent], child)
		}
	}
	var found []int
	for open := []int{pid}; len(open) > 0; open = open[1:] {
		found = append(found, children[open[0]]...)
		open = append(open, children[open[0]]...)
	}
	return found
}

// statFields are the fields of a stat file after the name: the state, the parent, and so on. A process that ended has
// none.
func statFields(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
}

func ended(pid int) bool {
	fields := statFields(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return fields == nil || fields[0] == "Z"
}
