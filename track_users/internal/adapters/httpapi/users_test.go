package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	documents "ordertrack/api"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/contract"
	"ordertrack/shared/golden"
	api "ordertrack/shared/httpapi"
	"ordertrack/shared/name"
	"ordertrack/track_users/internal/adapters/httpapi"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/application/reading/mocks"
	"ordertrack/track_users/internal/application/reporting"
	books "ordertrack/track_users/internal/application/reporting/mocks"
	"ordertrack/track_users/internal/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type bundle struct {
	users  *mocks.MockUsers
	book   *books.MockBook
	topic  *books.MockTopic
	waiter *waiter
	hub    *hub
	log    *testenv.Log
	handle http.Handler
}

func setup(t *testing.T) bundle {
	t.Helper()
	ctrl, log := gomock.NewController(t), &testenv.Log{}
	users, book, topic := mocks.NewMockUsers(ctrl), books.NewMockBook(ctrl), books.NewMockTopic(ctrl)
	reader := books.NewMockReader(ctrl)
	reader.EXPECT().Positions().AnyTimes()
	reporter := reporting.New(book, reader, topic, log.Logger())
	waiter, hub := &waiter{}, &hub{}
	engine := api.NewEngine(log.Logger())
	httpapi.Register(engine, httpapi.UseCases{
		Reader: reading.New(users), Reporter: reporter, Waiter: waiter, Hub: hub,
	}, log.Logger())
	return bundle{users, book, topic, waiter, hub, log, engine}
}

// get sends the path as it stands, as a client does that encodes in its own way.
func (b bundle) get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	return b.do(t, http.MethodGet, path)
}

func (b bundle) do(t *testing.T, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	request.Header.Set("X-Request-ID", "request-1")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	b.handle.ServeHTTP(recorder, request)
	if recorder.Header().Get("Content-Encoding") == "" {
		document(t).Check(t, request, nil, recorder)
	}
	return recorder
}

var loaded sync.Once

var loadedDocument *contract.Document

// document is the API's own, that answers are held against.
func document(t *testing.T) *contract.Document {
	t.Helper()
	loaded.Do(func() { loadedDocument = contract.Load(t, documents.TrackUsers) })
	return loadedDocument
}

func TestAUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	east := time.FixedZone("east", 3*60*60)
	b.users.EXPECT().ByName(gomock.Any(), name.Restore("John Doe")).Return(domain.User{
		ID: 7, Name: name.Restore("John Doe"), Counter: 12, CreatedAt: time.Date(2026, 11, 24, 15, 0, 0, 123456000, east),
	}, nil)
	golden.RequireResponse(t, "user", b.get(t, "/api/v1/users/John%20Doe"))
}

func TestNamesInPaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"John%20Doe":                  "John Doe",
		"%20John%20Doe%09":            "John Doe",
		"a+b":                         "a+b",
		"a+b%2Fc":                     "a+b/c",
		"a%2Bb":                       "a+b",
		"a%2Fb":                       "a/b",
		"%2F":                         "/",
		"..%2f..%2Fetc":               "../../etc",
		"%25":                         "%",
		"100%2525":                    "100%25",
		"a%3Fb=c%23d":                 "a?b=c#d",
		"a;b:c@d&e=f":                 "a;b:c@d&e=f",
		"Zoe%CC%88":                   "Zoë",
		"Zo%C3%AB":                    "Zoë",
		"%E6%9D%8E%20%F0%9F%91%A9":    "李 👩",
		strings.Repeat("%C3%AB", 200): strings.Repeat("ë", 200),
		"\"<script>":                  "\"<script>",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			user := domain.User{ID: 1, Name: name.Restore(want), Counter: 1}
			b.users.EXPECT().ByName(gomock.Any(), name.Restore(want)).Return(user, nil)
			recorder := httptest.NewRecorder()
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
			var err error
			request.URL, err = url.ParseRequestURI("/api/v1/users/" + path)
			require.NoError(t, err)
			b.handle.ServeHTTP(recorder, request)
			require.Equal(t, http.StatusOK, recorder.Code, recorder.Body)
		})
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	t.Parallel()
	for title, path := range map[string]string{
		"blank":             "%20%09",
		"control character": "a%00b",
		"not UTF-8":         "a%FFb",
		"too long":          strings.Repeat("x", name.MaxLength+1),
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			recorder := setup(t).get(t, "/api/v1/users/"+path)
			require.Equal(t, http.StatusBadRequest, recorder.Code)
			golden.RequireResponse(t, "refused "+title, recorder)
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for title, err := range map[string]error{
		"not found":   reading.ErrNotFound,
		"unavailable": fmt.Errorf("%w: host db7 refused user admin", reading.ErrUnavailable),
		"unknown":     errors.New("host db7 refused user admin"),
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.users.EXPECT().ByName(gomock.Any(), gomock.Any()).Return(domain.User{}, err)
			recorder := b.get(t, "/api/v1/users/Ann")
			golden.RequireResponse(t, "failed "+title, recorder)
			require.NotContains(t, recorder.Body.String(), "db7")
			require.Equal(t, title != "not found", b.log.Contains("db7"), "what leaks to nobody must be in the log")
		})
	}
}

func TestOtherPathsAndMethods(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/api/v1/users/", "/api/v1/users/a/b", "/api/v1/users/a/", "/"} {
		recorder := b.get(t, path)
		require.Equal(t, http.StatusNotFound, recorder.Code, path)
		require.Equal(t, "application/problem+json", recorder.Header().Get("Content-Type"))
	}
	golden.RequireResponse(t, "method not allowed", b.do(t, http.MethodDelete, "/api/v1/users/Ann"))
}
