package httpserver_test

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/httpserver"
)

// unreadable are requests that net/http refuses by itself. Were its way to do so to change, these would fail.
var unreadable = map[string]struct {
	request string
	status  int
}{
	"a header that is too large":  {"GET / HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 431},
	"an address that is too long": {"GET /" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
	"no HTTP":                     {"hello\r\n\r\n", 400},
	"no host":                     {"GET / HTTP/1.1\r\n\r\n", 400},
	"a header without a colon":    {"GET / HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n", 400},
	"another transfer coding":     {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n", 501},
	"another version":             {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505},
}

func TestWhatIsNoRequestIsAnsweredByTheServersOwner(t *testing.T) {
	t.Parallel()
	answer := func(w http.ResponseWriter, status int) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status + 1)
		_, _ = io.WriteString(w, strconv.Itoa(status))
	}
	connect := serve(t, func(http.ResponseWriter, *http.Request) { panic("there is no request") }, httpserver.Unreadable(answer))
	for title, tc := range unreadable {
		conn := connect()
		_, err := io.WriteString(conn, tc.request)
		require.NoError(t, err, title)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, title)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err, title)
		require.NoError(t, response.Body.Close())
		require.Equal(t, tc.status+1, response.StatusCode, title)
		require.Equal(t, strconv.Itoa(tc.status), string(body), title)
		require.Equal(t, http.Header{
			"Content-Type": {"application/json"}, "Content-Length": {strconv.Itoa(len(body))},
		}, response.Header, title)
		require.True(t, response.Close, title)
	}
}

// What a handler answers is left as it is, however much it looks like a refusal.
func TestWhatAHandlerAnswersIsNotTranslated(t *testing.T) {
	t.Parallel()
	connect := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
		_, _ = io.WriteString(w, "431 Request Header Fields Too Large")
	}, httpserver.Unreadable(func(http.ResponseWriter, int) { panic("there is a request") }))
	status, _ := ask(t, connect())
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, status)
}

// A header up to the limit is taken.
func TestALargeHeaderIsTaken(t *testing.T) {
	t.Parallel()
	connect := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("X-Large")) },
		httpserver.Unreadable(func(_ http.ResponseWriter, status int) { panic(status) }))
	conn, large := connect(), strings.Repeat("x", 32<<10-len("GET / HTTP/1.1\r\nHost: x\r\nX-Large: \r\n\r\n"))
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Large: "+large+"\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, large, string(body))
}
