package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/client"
)

const ada = `{"users":[{"id":1,"name":"Ada","counter":3,"created_at":"2026-11-24T12:00:00Z"}]}`

// streams answers each request with the next of these bodies; those who ask more often are refused for good.
type streams struct {
	bodies []io.Reader
	from   []string // the Last-Event-ID of each request
}

func (s *streams) RoundTrip(request *http.Request) (*http.Response, error) {
	s.from = append(s.from, request.Header.Get("Last-Event-ID"))
	response := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: request, Body: http.NoBody}
	if request.Header.Get("Accept") != "text/event-stream" || len(s.from) > len(s.bodies) {
		response.StatusCode = http.StatusNotAcceptable
		return response, nil
	}
	body, writer := io.Pipe() // ends when the request does, as a connection
	stop := context.AfterFunc(request.Context(), func() { _ = body.CloseWithError(request.Context().Err()) })
	go func() {
		_, err := io.Copy(writer, s.bodies[len(s.from)-1])
		_ = writer.CloseWithError(err)
		stop()
	}()
	response.Body = body
	return response, nil
}

func (s *streams) watch(t *testing.T, ctx context.Context, position string, opts ...client.Option) ([]client.Change, error) { //nolint:revive // the test comes first
	t.Helper()
	users, err := client.NewUsers("http://users", append(opts, client.WithHTTPClient(&http.Client{Transport: s}))...)
	require.NoError(t, err)
	var changes []client.Change
	for change, err := range users.Watch(ctx, position) {
		if err != nil {
			return changes, err
		}
		changes = append(changes, change)
	}
	return changes, nil
}

// failing gives its text, and then fails.
func failing(text string) io.Reader {
	return io.MultiReader(strings.NewReader(text), readerFunc(func([]byte) (int, error) { return 0, errCut }))
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestWatchGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &streams{bodies: []io.Reader{
			failing("retry: 1000\n\nid: p1\n\nid: p2\nevent: users\ndata: " + ada + "\n\nid: p3\nevent: users\ndata: {\"us"),
			failing(""), // not even a sign of life
			strings.NewReader("retry: 1000\n\nid: p4\nevent: missed\ndata: {}\n\nid: p5\nevent: of tomorrow\ndata: x\n\n"),
		}}
		changes, err := s.watch(t, t.Context(), "p0")
		require.ErrorContains(t, err, "406")
		require.Equal(t, []string{"p0", "p2", "p2", "p5"}, s.from, "what was cut off did not come")
		require.Equal(t, []client.Change{
			{Position: "p1"},
			{Position: "p2", Users: []client.User{{ID: 1, Name: "Ada", Counter: 3, CreatedAt: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}}},
			{Position: "p4", Missed: true},
			{Position: "p5"},
		}, changes)
	})
}

func TestWatchGivesUpWhenNothingComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &streams{bodies: []io.Reader{failing(""), strings.NewReader("id: p1\n\n"), failing(""), failing(""), failing("")}}
		_, err := s.watch(t, t.Context(), "", client.WithAttempts(3))
		require.ErrorIs(t, err, errCut)
		require.Equal(t, []string{"", "", "p1", "p1"}, s.from, "a change is a new beginning")
	})
}

func TestWatchNoticesSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent, never := io.Pipe()
		defer func() { require.NoError(t, never.Close()) }()
		s := &streams{bodies: []io.Reader{io.MultiReader(strings.NewReader("id: p1\n\n"), silent)}}
		var notice error
		begin := time.Now()
		_, err := s.watch(t, t.Context(), "", client.WithNotice(func(r client.Retry) { notice = r.Err }))
		require.ErrorContains(t, err, "406")
		require.ErrorContains(t, notice, "nothing came on the stream for 45s")
		require.Less(t, time.Since(begin), 46*time.Second)
	})
}

func TestWatchEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent, never := io.Pipe()
		defer func() { require.NoError(t, never.Close()) }()
		s := &streams{bodies: []io.Reader{silent}}
		cause := errors.New("stopping")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		changes, err := s.watch(t, ctx, "")
		require.ErrorIs(t, err, cause)
		require.Empty(t, changes)
		require.Len(t, s.from, 1)
	})
}

func TestWatchEndsWhenNobodyTakesTheChanges(t *testing.T) {
	t.Parallel()
	s := &streams{bodies: []io.Reader{strings.NewReader("id: p1\n\nid: p2\n\n")}}
	users, err := client.NewUsers("http://users", client.WithHTTPClient(&http.Client{Transport: s}))
	require.NoError(t, err)
	for change, err := range users.Watch(t.Context(), "") {
		require.NoError(t, err)
		require.Equal(t, "p1", change.Position)
		break
	}
	require.Len(t, s.from, 1)
}

// Whatever comes on a stream, watching neither panics nor goes on for ever, and a position is one that came.
func FuzzWatch(f *testing.F) {
	f.Add([]byte("retry: 1000\n\nid: p1\n\nid: p2\nevent: users\ndata: " + ada + "\n\n"))
	f.Add([]byte("id: p3\r\nevent: missed\rdata: {}\n\n\n:comment\n\nevent: users\ndata: [\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &streams{bodies: []io.Reader{bytes.NewReader(text)}}
		changes, err := s.watch(t, t.Context(), "", client.WithAttempts(1))
		require.Error(t, err)
		for _, change := range changes {
			require.True(t, bytes.Contains(text, []byte(change.Position)))
		}
	})
}

// Signs of life keep a stream open for as long as they come.
func TestWatchLivesOnSignsOfLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		left := 20
		beats := readerFunc(func(p []byte) (int, error) {
			if left--; left < 0 {
				return 0, io.EOF
			}
			time.Sleep(15 * time.Second)
			return copy(p, "id: p1\n\n"), nil
		})
		s := &streams{bodies: []io.Reader{beats}}
		changes, err := s.watch(t, t.Context(), "")
		require.ErrorContains(t, err, "406")
		require.Len(t, changes, 20)
		require.Equal(t, []string{"", "p1"}, s.from)
	})
}
