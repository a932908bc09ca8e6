package httpwire_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/faults/httpwire"
	"ordertrack/scripts/faults/loss"
	"ordertrack/scripts/faults/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const body = "long, and longer than the headers before it: 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789"

// way is a server that counts what it did, and a way to it that loses answers.
type way struct {
	lost, halved *loss.Answers
	done         atomic.Int64
	url          string
	client       *http.Client
}

func setup(t *testing.T) *way {
	t.Helper()
	w := &way{lost: loss.NewAnswers(), halved: loss.NewAnswers(), client: &http.Client{Transport: &http.Transport{}}}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.done.Add(1)
		if r.URL.Path == "/no" {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(rw, body)
	}))
	t.Cleanup(server.Close)
	p, err := proxy.Listen(t.Context(), server.Listener.Addr().String(), func(int) proxy.Tap { return httpwire.NewTap(w.lost, w.halved) })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	t.Cleanup(w.client.CloseIdleConnections)
	w.url = "http://127.0.0.1:" + strconv.Itoa(p.Port())
	return w
}

// post is not sent again by Go's client.
func (w *way) post(t *testing.T, path string) (string, error) {
	t.Helper()
	response, err := w.client.Post(w.url+path, "text/plain", strings.NewReader(strings.Repeat("x", 100_000)))
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

func isPost(path string) func(string) bool {
	return func(request string) bool { return request == "POST "+path }
}

func awaitOne(t *testing.T, answers *loss.Answers) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	return answers.Await(ctx, 1)
}

func TestAnAnswerIsLostAndTheWorkIsDone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.lost.Lose(1, isPost("/a"))
	for range 2 { // on one connection
		text, err := w.post(t, "/b")
		require.NoError(t, err)
		require.Equal(t, body, text)
	}
	_, err := w.post(t, "/a")
	require.Error(t, err)
	require.NoError(t, awaitOne(t, w.lost))
	require.EqualValues(t, 3, w.done.Load())
	text, err := w.post(t, "/a")
	require.NoError(t, err, "one was to be lost")
	require.Equal(t, body, text)
}

func TestHalfOfAnAnswerArrives(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.halved.Lose(1, isPost("/a"))
	text, err := w.post(t, "/a")
	require.Error(t, err)
	require.NoError(t, awaitOne(t, w.halved))
	require.NotEmpty(t, text)
	require.True(t, strings.HasPrefix(body, text) && len(text) < len(body), text)
	require.EqualValues(t, 1, w.done.Load())
}

func TestARefusalDoesNotCount(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.lost.Lose(1, func(string) bool { return true })
	_, err := w.post(t, "/no")
	require.Error(t, err)
	require.Error(t, awaitOne(t, w.lost))
	_, err = w.post(t, "/yes")
	require.Error(t, err, "another is lost in its place")
	require.NoError(t, awaitOne(t, w.lost))
}

func TestARequestInPieces(t *testing.T) {
	t.Parallel()
	lost := loss.NewAnswers()
	lost.Lose(1, isPost("/a"))
	tap := httpwire.NewTap(lost, loss.NewAnswers())
	for _, piece := range []string{"PO", "ST /a HT", "TP/1.1\r", "\nHost: x\r\n\r\n", "GET /b HTTP/1.1\r\n"} {
		tap.ToServer([]byte(piece))
	}
	passing, cut := tap.ToClient([]byte("HTTP/1.1 201 Created\r\n"))
	require.Empty(t, passing)
	require.True(t, cut)
	require.NoError(t, awaitOne(t, lost))
}
