package ports_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/localstack/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAwait(t *testing.T) {
	t.Parallel()
	port, err := ports.Free(t.Context())
	require.NoError(t, err)
	require.NoError(t, ports.Await(t.Context(), port))

	for _, host := range []string{"127.0.0.1", "::1", ""} {
		if host == "::1" && !ports.HasIPv6(t.Context()) {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		waiting := make(chan error, 1)
		go func() { waiting <- ports.Await(ctx, port) }()
		conn, err := l.Accept() // it has been asked, and is taken
		require.NoError(t, err)
		_ = conn.Close()
		cancel()
		require.ErrorIs(t, <-waiting, context.Canceled, "%q", host)
		require.NoError(t, l.Close())
	}
}

func TestAwaitGivesUp(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	port := l.Addr().(*net.TCPAddr).Port
	err = ports.Await(t.Context(), port)
	var taken *ports.TakenError
	require.ErrorAs(t, err, &taken)
	require.Equal(t, port, taken.Port)
}

func TestAwaitWaitsForAPortThatIsLetGo(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	waiting := make(chan error, 1)
	go func() { waiting <- ports.Await(t.Context(), port) }()
	conn, err := l.Accept()
	require.NoError(t, err)
	_ = conn.Close()
	require.NoError(t, l.Close())
	require.NoError(t, <-waiting)
}

func TestWhatProgramsSayOfATakenPort(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"listen tcp 127.0.0.1:9092: bind: address already in use",
		`LOG:  could not bind IPv4 address "127.0.0.1": Address already in use`,
		"java.net.BindException: Address already in use",
	} {
		require.True(t, ports.SaysTaken(text), text)
	}
	require.False(t, ports.SaysTaken("bind: permission denied"))
}

func TestPickTriesAnotherPortWhenOneWasTaken(t *testing.T) {
	t.Parallel()
	var picked []int
	use := func(failures int, failure error) func(int) error {
		picked = nil
		return func(port int) error {
			picked = append(picked, port)
			if len(picked) <= failures {
				return fmt.Errorf("start: %w", failure)
			}
			return nil
		}
	}
	taken := &ports.TakenError{Port: 1}
	require.NoError(t, ports.Pick(t.Context(), use(2, taken)))
	require.Len(t, picked, 3)
	require.NotContains(t, picked, 0)
	require.ErrorIs(t, ports.Pick(t.Context(), use(9, taken)), error(taken))
	require.Len(t, picked, 5)
	require.ErrorIs(t, ports.Pick(t.Context(), use(9, io.ErrUnexpectedEOF)), io.ErrUnexpectedEOF)
	require.Len(t, picked, 1, "another error is no reason for another port")
}
