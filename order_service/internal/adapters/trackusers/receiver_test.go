package trackusers_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/order_service/internal/adapters/trackusers"
	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/order_service/internal/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ retransmitting.Receiver = (*trackusers.Receiver)(nil)

func serve(t *testing.T, status int, body string) *trackusers.Receiver {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/base/api/v1/progress" {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	receiver := trackusers.NewReceiver(server.URL + "/base/")
	t.Cleanup(receiver.Close)
	return receiver
}

// The answer is the one that track_users' own tests hold it to.
func TestProgressAsTrackUsersTellsIt(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile("../../../../track_users/internal/adapters/httpapi/testdata/progress.txt")
	require.NoError(t, err)
	_, body, found := strings.Cut(string(golden), "\n\n")
	require.True(t, found)
	progress, err := serve(t, http.StatusOK, body).Progress(t.Context())
	require.NoError(t, err)
	require.Equal(t, domain.Progress{
		Applied: domain.Applied{"x": {3: 17}},
		Read:    domain.Offsets{{TopicID: "ab000000-0000-0000-0000-000000000001", Number: 4}: 9},
	}, progress)
}

func TestMarksOfOtherSourcesAreLeftOut(t *testing.T) {
	t.Parallel()
	progress, err := serve(t, http.StatusOK, `{"marks":[{"source":"/shop","lane":1,"applied":2}],"more":1}`).Progress(t.Context())
	require.NoError(t, err)
	require.Equal(t, domain.Progress{Applied: domain.Applied{}, Read: domain.Offsets{}}, progress)
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for body, status := range map[string]int{"{": 200, "[]": 200, `{"marks":[{"lane":"x"}]}`: 200, "{}": 503, "": 404} {
		_, err := serve(t, status, body).Progress(t.Context())
		require.Error(t, err, body)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := serve(t, http.StatusOK, "{}").Progress(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func FuzzProgress(f *testing.F) {
	f.Add(`{"marks":[{"source":"/order_service/logs/x","lane":3,"applied":17}],"partitions":[{"topic_id":"a","partition":4,"next_offset":9}]}`)
	f.Add(`{"marks":null}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, body string) {
		progress, err := serve(t, http.StatusOK, body).Progress(t.Context())
		require.Equal(t, err != nil, progress.Applied == nil)
	})
}
