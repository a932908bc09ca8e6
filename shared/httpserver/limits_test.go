package httpserver_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/httpserver"
)

// serve starts a server for the length of a test, and returns a way to connect to it.
func serve(t *testing.T, handler http.HandlerFunc, opts ...httpserver.Option) func() net.Conn {
	t.Helper()
	server := newServer("127.0.0.1:0", handler, opts...)
	require.NoError(t, server.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	return func() net.Conn {
		conn, err := net.Dial("tcp", server.Addr())
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(waitLimit)))
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
}

// ask sends a request and returns the answer's status, and whether the connection goes on.
func ask(t *testing.T, conn net.Conn) (status int, goesOn bool) {
	t.Helper()
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode, !response.Close
}

func TestASlowHeaderIsCutOff(t *testing.T) {
	t.Parallel()
	connect := serve(t, func(http.ResponseWriter, *http.Request) { panic("no request was sent in full") },
		httpserver.Timeouts(50*time.Millisecond, time.Minute))
	conn := connect()
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: a")
	require.NoError(t, err)
	_, err = io.ReadAll(conn)
	require.False(t, isTimeout(err), "the server closes it")
}

func TestASlowBodyIsCutOff(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 1)
	connect := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		failed <- err
	}, httpserver.Timeouts(50*time.Millisecond, 100*time.Millisecond))
	conn := connect()
	_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
	require.NoError(t, err)
	require.True(t, isTimeout(<-failed))
	_, err = io.ReadAll(conn)
	require.False(t, isTimeout(err), "the server closes it")
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

func TestConnectionsThatAreTooManyAreAnsweredAndClosed(t *testing.T) {
	t.Parallel()
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	connect := serve(t, func(http.ResponseWriter, *http.Request) {}, httpserver.MaxConnections(2, refuse))
	first, second := connect(), connect()
	for _, conn := range []net.Conn{first, second, first} {
		status, goesOn := ask(t, conn)
		require.Equal(t, http.StatusOK, status)
		require.True(t, goesOn)
	}
	status, goesOn := ask(t, connect())
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.False(t, goesOn)

	require.NoError(t, first.Close())
	require.Eventually(t, func() bool {
		status, _ := ask(t, connect())
		return status == http.StatusOK
	}, waitLimit, pollEvery, "there is room again")
}

func TestConnectionsAreNotTakenAboveTwiceTheLimit(t *testing.T) {
	t.Parallel()
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	connect := serve(t, func(http.ResponseWriter, *http.Request) {}, httpserver.MaxConnections(1, refuse))
	kept, silent := connect(), connect()
	status, _ := ask(t, kept)
	require.Equal(t, http.StatusOK, status)
	waiting := connect()
	_, err := io.WriteString(waiting, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	require.NoError(t, waiting.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, err = bufio.NewReader(waiting).ReadByte()
	require.True(t, isTimeout(err), "two are open")

	require.NoError(t, silent.Close())
	require.NoError(t, waiting.SetReadDeadline(time.Now().Add(waitLimit)))
	line, err := bufio.NewReader(waiting).ReadString('\n')
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(line, "HTTP/1.1 "), line)
}
