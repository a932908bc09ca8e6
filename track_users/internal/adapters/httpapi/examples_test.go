package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	documents "ordertrack/api"
	"ordertrack/shared/name"
	"ordertrack/track_users/internal/domain"
)

// TestTheExamplesOfTheDocument sends each request as the document shows it, and expects the answer that it shows.
func TestTheExamplesOfTheDocument(t *testing.T) {
	t.Parallel()
	shown := domain.User{
		ID: 7, Name: name.Restore("John Doe"), Counter: 12, CreatedAt: time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.UTC),
	}
	sent := 0
	for path, item := range document(t).Paths.Map() {
		if path == "/api/v1/users/stream" {
			continue // has no end: TestAStream
		}
		operation, query := item.Get, url.Values{}
		for _, parameter := range operation.Parameters {
			switch p := parameter.Value; {
			case p.In == "path":
				path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(p.Example.(string)))
			case p.In == "query" && p.Example != nil:
				text, ok := p.Example.(string)
				if !ok {
					raw, err := json.Marshal(p.Example)
					require.NoError(t, err)
					text = string(raw)
				}
				query.Set(p.Name, text)
			}
		}
		b := setup(t)
		b.users.EXPECT().ByName(gomock.Any(), shown.Name).Return(shown, nil).AnyTimes()
		b.users.EXPECT().List(gomock.Any(), gomock.Any()).Return([]domain.User{shown}, nil).AnyTimes()
		b.book.EXPECT().Totals(gomock.Any()).Return(domain.Totals{}, nil).AnyTimes()
		b.book.EXPECT().Progress(gomock.Any()).Return(domain.Progress{}, nil).AnyTimes()
		b.topic.EXPECT().Backlogs(gomock.Any(), gomock.Any()).Return(nil, nil).AnyTimes()
		response := b.do(t, http.MethodGet, path+"?"+query.Encode())
		require.Equal(t, http.StatusOK, response.Code, response.Body)
		for _, example := range operation.Responses.Value("200").Value.Content["application/json"].Examples {
			want, err := json.Marshal(example.Value.Value)
			require.NoError(t, err)
			require.JSONEq(t, string(want), response.Body.String())
		}
		sent++
	}
	require.Equal(t, 4, sent)
}

func TestTheDocumentIsServed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, string(documents.TrackUsers), b.get(t, "/openapi.yaml").Body.String())
	for _, path := range []string{"/docs", "/problems", "/problems/not-counted-yet"} {
		require.Equal(t, http.StatusOK, b.get(t, path).Code, path)
	}
}
