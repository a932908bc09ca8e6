package process_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/localstack/process"
)

// echoRole prints its arguments; failRole fails; roleRole tells whether it still sees the variable of its own role.
var (
	echoRole = process.Role{Name: "echo", Run: func(_ context.Context, args []string) error {
		_, err := os.Stdout.WriteString(strings.Join(args, " ") + os.Getenv("LOCALSTACK_ROLE"))
		return err
	}}
	failRole = process.Role{Name: "fail", Run: func(context.Context, []string) error { return errors.New("no luck") }}
	waitRole = process.Role{Name: "wait", Run: func(ctx context.Context, _ []string) error {
		_, err := os.Stdout.WriteString("waiting\n")
		<-ctx.Done()
		return err
	}}
)

func TestMain(m *testing.M) {
	process.Dispatch(echoRole, failRole, waitRole)
	goleak.VerifyTestMain(m)
}

func sh(script string) process.Spec {
	return process.Spec{Name: "script", Path: "/bin/sh", Args: []string{"-c", script}, OnParentDeath: syscall.SIGKILL}
}

func TestStartTellsHowItEnded(t *testing.T) {
	t.Parallel()
	var output bytes.Buffer
	spec := sh("echo out; echo err >&2; echo $WORD; pwd; exit 3")
	spec.Output, spec.Env, spec.Dir = &output, []string{"WORD=word"}, "/"
	p, err := process.Start(spec)
	require.NoError(t, err)
	<-p.Done()
	var exit *exec.ExitError
	require.ErrorAs(t, p.Err(), &exit)
	require.Equal(t, 3, exit.ExitCode())
	require.Equal(t, "out\nerr\nword\n/\n", output.String())
	require.NoError(t, p.Signal(syscall.SIGTERM), "the dead are beyond signals")
	require.NoError(t, p.Kill())
}

func TestStartOfNothing(t *testing.T) {
	t.Parallel()
	_, err := process.Start(process.Spec{Name: "nothing", Path: "/no/such/program"})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "start nothing")
}

func TestStopKillsWhoDoesNotListen(t *testing.T) {
	t.Parallel()
	ready := newSignalWriter()
	spec := sh("trap '' TERM; echo ready; while :; do sleep 0.01; done")
	spec.Output = ready
	p, err := process.Start(spec)
	require.NoError(t, err)
	<-ready.written

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err = p.Stop(ctx, syscall.SIGTERM)
	require.ErrorContains(t, err, "script did not stop in time and was killed")
	<-p.Done()
	require.ErrorContains(t, p.Err(), "killed")
}

func TestStopWaitsForTheEnd(t *testing.T) {
	t.Parallel()
	ready := newSignalWriter()
	p, err := process.StartRole(waitRole, nil, process.Spec{Name: "waiter", Output: ready, OnParentDeath: syscall.SIGKILL})
	require.NoError(t, err)
	<-ready.written
	require.NoError(t, p.Stop(t.Context(), syscall.SIGTERM))
	require.NoError(t, p.Err())
}

func TestKillReachesTheWholeGroup(t *testing.T) {
	t.Parallel()
	pids := filepath.Join(t.TempDir(), "pid")
	p, err := process.Start(sh("sleep 1000 & echo $! > " + pids + ".new; mv " + pids + ".new " + pids + "; wait"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { _, err := os.Stat(pids); return err == nil }, 10*time.Second, time.Millisecond)
	require.NoError(t, p.Kill())

	grandchild, err := os.ReadFile(pids)
	require.NoError(t, err)
	status := filepath.Join("/proc", strings.TrimSpace(string(grandchild)), "status")
	require.Eventually(t, func() bool { return gone(status) }, 10*time.Second, time.Millisecond)
}

// gone tells whether a process has ended; one that nobody has reaped yet has.
func gone(status string) bool {
	text, err := os.ReadFile(status)
	return err != nil || strings.Contains(string(text), "State:\tZ")
}

func TestRunRole(t *testing.T) {
	t.Parallel()
	require.NoError(t, process.RunRole(t.Context(), echoRole, []string{"a", "b"}, process.Spec{Name: "echo"}))
	err := process.RunRole(t.Context(), failRole, nil, process.Spec{Name: "unlucky"})
	require.ErrorContains(t, err, "unlucky: exit status 1: fail: no luck")
	err = process.RunRole(t.Context(), process.Role{Name: "unknown"}, nil, process.Spec{Name: "x"})
	require.ErrorContains(t, err, "no such role")
}

func TestARoleDoesNotReachGrandchildren(t *testing.T) {
	t.Parallel()
	var output bytes.Buffer
	p, err := process.StartRole(echoRole, []string{"only", "this"}, process.Spec{Name: "echo", Output: &output})
	require.NoError(t, err)
	<-p.Done()
	require.NoError(t, p.Err())
	require.Equal(t, "only this", output.String())
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, process.Run(ctx, sh("sleep 1000")), context.DeadlineExceeded)
	require.ErrorContains(t, process.Run(t.Context(), sh("echo reason; exit 1")), "reason")
	require.NoError(t, process.Run(t.Context(), sh("exit 0")))
}

func TestOpenLogKeepsTheOneBefore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.log")
	for _, text := range []string{"first", "second"} {
		f, err := process.OpenLog(path)
		require.NoError(t, err)
		_, err = f.WriteString(text)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	require.Equal(t, "second", process.Tail(path, 5))
	require.Equal(t, "first", process.Tail(path+".old", 5))
}

func TestTail(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.log")
	require.Empty(t, process.Tail(path, 2))
	long := strings.Repeat("a line that is not wanted\n", 10_000)
	require.NoError(t, os.WriteFile(path, []byte(long+"one\ntwo\n"), 0o600))
	require.Equal(t, "one\ntwo", process.Tail(path, 2))
}

// signalWriter tells when something was written.
type signalWriter struct{ written chan struct{} }

func newSignalWriter() *signalWriter { return &signalWriter{written: make(chan struct{}, 64)} }

func (w *signalWriter) Write(p []byte) (int, error) {
	select {
	case w.written <- struct{}{}:
	default:
	}
	return len(p), nil
}
