package wiring_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
)

// follower reads a stream line by line.
type follower struct {
	lines  *bufio.Scanner
	body   interface{ Close() error }
	lastID string
}

func (r running) follow(t *testing.T, lastID string) *follower {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.api+"/api/v1/users/stream", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Accept", "text/event-stream")
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	response, err := r.client.Do(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	f := &follower{lines: bufio.NewScanner(response.Body), body: response.Body}
	for f.lastID == "" {
		f.next(t)
	}
	return f
}

// next reads a line, and keeps the id.
func (f *follower) next(t *testing.T) string {
	t.Helper()
	require.True(t, f.lines.Scan(), "the stream has ended: %v", f.lines.Err())
	if id, ok := strings.CutPrefix(f.lines.Text(), "id: "); ok {
		f.lastID = id
	}
	return f.lines.Text()
}

// await reads until a line holds the text.
func (f *follower) await(t *testing.T, text string) {
	t.Helper()
	for !strings.Contains(f.next(t), text) {
	}
}

// Whichever replica counts, those who follow another one see it; and whoever comes back to any replica misses nothing.
func TestAnyReplicaStreamsWhatAllCount(t *testing.T) {
	t.Parallel()
	c := settingsFor(t, testenv.Database(t), testenv.Broker(t), testenv.Topic(t))
	one, other := start(t, c), start(t, c)
	one.awaitStatus(t, one.admin+"/readyz", http.StatusOK)
	first, second := one.follow(t, ""), other.follow(t, "")
	produce(t, c.KafkaBrokers[0], c.KafkaTopic, "Ann", 1, 3)
	first.await(t, `"name":"Ann","counter":3`)
	second.await(t, `"name":"Ann","counter":3`)
	second.next(t) // the end of the frame, which its id is for
	require.NoError(t, second.body.Close())

	produce(t, c.KafkaBrokers[0], c.KafkaTopic, "Bob", 1, 2)
	first.await(t, `"name":"Bob","counter":2`)
	back := one.follow(t, second.lastID)
	back.await(t, `"name":"Bob","counter":2`)
	require.NotContains(t, back.lines.Text(), "Ann")

	other.stop(t)
	one.stop(t)
	for first.lines.Scan() { // what was under way
	}
	require.NoError(t, first.lines.Err(), "a stop ends the stream as it should end")
	require.NoError(t, first.body.Close())
	require.NoError(t, back.body.Close())
}
