package httpapi_test

import (
	"bufio"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/shared/golden"
	"ordertrack/shared/httpserver"
	"ordertrack/shared/name"
	"ordertrack/track_users/internal/adapters/httpapi"
	"ordertrack/track_users/internal/application/streaming"
	"ordertrack/track_users/internal/domain"
)

// hub refuses, or is a real one over changes that are none.
type hub struct {
	err  error
	real *streaming.Hub
	from streaming.Position
}

func (h *hub) Join(from streaming.Position) (*streaming.Client, error) {
	h.from = from
	if h.err != nil {
		return nil, h.err
	}
	return h.real.Join(from)
}

func (h *hub) Leave(c *streaming.Client) { h.real.Leave(c) }

type nothingChanges struct{ users chan []domain.User }

func (nothingChanges) Now(context.Context) (streaming.Position, error) { return "p1", nil }
func (n nothingChanges) Since(context.Context, streaming.Position, int) (streaming.Changed, error) {
	select {
	case users := <-n.users:
		return streaming.Changed{Users: users, At: "p2"}, nil
	default:
		return streaming.Changed{At: "p2"}, nil
	}
}
func (nothingChanges) Forget(context.Context, streaming.Position) error { return nil }

type noMeter struct{}

func (noMeter) Following(int) {}
func (noMeter) Dropped()      {}

func TestFrames(t *testing.T) {
	t.Parallel()
	golden.Require(t, "frames.txt", string(httpapi.EncodeFrame(streaming.Frame{Position: "p1"}))+
		string(httpapi.EncodeFrame(streaming.Frame{Position: "p2", Users: append(users(1, 2), domain.User{
			ID: 3, Name: name.Restore("a\u2028b"), Counter: 1, CreatedAt: time.Unix(1_700_000_000, 0),
		})}))+
		string(httpapi.EncodeFrame(streaming.Frame{Position: "p3", Missed: true})))
}

func TestAStreamThatIsRefused(t *testing.T) {
	t.Parallel()
	for title, err := range map[string]error{"full": streaming.ErrFull, "stopping": streaming.ErrStopping} {
		b := setup(t)
		b.hub.err = err
		golden.RequireResponse(t, "stream "+title, b.do(t, http.MethodGet, "/api/v1/users/stream", "Accept", "text/event-stream", "Last-Event-ID", "p7"))
		require.Equal(t, streaming.Position("p7"), b.hub.from)
	}
	response := setup(t).do(t, http.MethodGet, "/api/v1/users/stream?name=Ann", "Accept", "text/event-stream")
	require.Equal(t, http.StatusBadRequest, response.Code)
	response = setup(t).do(t, http.MethodGet, "/api/v1/users/stream", "Accept", "text/plain")
	require.Equal(t, http.StatusNotAcceptable, response.Code)
	response = setup(t).do(t, http.MethodHead, "/api/v1/users/stream", "Accept", "text/event-stream")
	require.Equal(t, http.StatusOK, response.Code)
	require.Equal(t, "text/event-stream", response.Header().Get("Content-Type"))
}

// Any legal name is a user's, that of the stream as well.
func TestAUserWhoseNameIsStream(t *testing.T) {
	t.Parallel()
	for _, accept := range []string{"application/json", "*/*", "text/event-stream;q=0, application/json"} {
		b := setup(t)
		b.users.EXPECT().ByName(gomock.Any(), name.Restore("stream")).Return(domain.User{ID: 1, Name: name.Restore("stream"), Counter: 1}, nil)
		response := b.do(t, http.MethodGet, "/api/v1/users/stream", "Accept", accept)
		require.Equal(t, http.StatusOK, response.Code)
		require.Equal(t, "application/json", response.Header().Get("Content-Type"))
	}
}

// A stream goes on for longer than the server gives requests and answers, and ends cleanly at the stop.
func TestAStream(t *testing.T) {
	t.Parallel()
	const timeout = 50 * time.Millisecond
	b := setup(t)
	limits := streaming.DefaultLimits(10)
	limits.Every, limits.Beat = 10*time.Millisecond, 2*timeout
	changes := nothingChanges{users: make(chan []domain.User, 1)}
	b.hub.real = streaming.New(changes, httpapi.EncodeFrame, noMeter{}, b.log.Logger(), limits)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.hub.real.Run(ctx) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-ended) })
	server := httpserver.New("api", "127.0.0.1:0", b.handle, slog.New(slog.DiscardHandler), httpserver.Timeouts(timeout, timeout))
	require.NoError(t, server.Start(t.Context()))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.Addr()+"/api/v1/users/stream", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Accept", "text/event-stream")
	response, err := client.Do(request)
	require.NoError(t, err)
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	lines := bufio.NewScanner(response.Body)
	next := func() string {
		var frame []string
		for lines.Scan() && lines.Text() != "" {
			frame = append(frame, lines.Text())
		}
		return strings.Join(frame, "\n")
	}
	require.Equal(t, "retry: 1000", next())
	require.Equal(t, "id: p1", next())
	for range 3 { // signs of life, over several times the server's own limits
		require.Equal(t, "id: p2", next())
	}
	changes.users <- users(1, 1)
	got := next()
	for got == "id: p2" {
		got = next()
	}
	require.Equal(t, "id: p2\nevent: users\n"+`data: {"users":[{"id":1,"name":"user 1","counter":999,"created_at":"2023-11-14T22:13:21Z"}]}`, got)
	b.hub.real.Stop()
	for next() != "" { // what was under way
	}
	require.NoError(t, lines.Err(), "the answer is complete")
	require.NoError(t, response.Body.Close())
	require.NoError(t, server.Stop(context.Background()))
}
