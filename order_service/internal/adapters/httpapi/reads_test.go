package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/domain"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/golden"
	"ordertrack/shared/name"
)

// library is a reader that always answers the same, and keeps what it was asked.
type library struct {
	status domain.Status
	page   reading.Page
	stats  reading.Statistics
	err    error

	filter reading.Filter
	cursor string
	limit  int
}

func someOrder(id int64) domain.Order {
	return domain.Order{
		ID: id, Name: name.Restore("Zoë <b>"), Note: domain.RestoreNote("First\norder"), Place: place,
		CreatedAt: time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.UTC),
	}
}

func (l *library) Order(_ context.Context, id int64) (domain.Order, domain.Status, error) {
	if l.err != nil {
		return domain.Order{}, 0, fmt.Errorf("look up order %d: %w", id, l.err)
	}
	return someOrder(id), l.status, nil
}

func (l *library) List(_ context.Context, filter reading.Filter, cursor string, limit int) (reading.Page, error) {
	l.filter, l.cursor, l.limit = filter, cursor, limit
	return l.page, l.err
}

func (l *library) Statistics(context.Context) (reading.Statistics, error) { return l.stats, l.err }

func get(t *testing.T, l *library, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return send(t.Context(), t, engineOf(nil, l, slog.New(slog.DiscardHandler)), http.MethodGet, path, "", headers...)
}

func TestAnOrderIsLookedUp(t *testing.T) {
	t.Parallel()
	for _, status := range []domain.Status{domain.Accepted, domain.Published, domain.Counted} {
		golden.RequireResponse(t, "order "+status.String(), get(t, &library{status: status}, "/api/v1/orders/123"))
	}
}

func TestAnOrderThatTheClientHas(t *testing.T) {
	t.Parallel()
	l := &library{status: domain.Published}
	tag := get(t, l, "/api/v1/orders/123").Header().Get("ETag")
	golden.RequireResponse(t, "order not modified", get(t, l, "/api/v1/orders/123", "If-None-Match", `"x", W/`+tag))
	l.status = domain.Counted
	changed := get(t, l, "/api/v1/orders/123", "If-None-Match", tag)
	require.Equal(t, http.StatusOK, changed.Code, "its status has changed")
	require.NotEqual(t, tag, changed.Header().Get("ETag"))
}

func TestOrdersThatCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	for title, tc := range map[string]struct {
		path string
		err  error
	}{
		"not found":   {"/api/v1/orders/124", reading.ErrNotFound},
		"unavailable": {"/api/v1/orders/124", fmt.Errorf("%w: %w", reading.ErrUnavailable, errSecret)},
		"unknown":     {"/api/v1/orders/124", errSecret},
		"no number":   {"/api/v1/orders/first", nil},
		"zero":        {"/api/v1/orders/0", nil},
		"too large":   {"/api/v1/orders/9223372036854775808", nil},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			log := &testenv.Log{}
			engine := engineOf(nil, &library{err: tc.err}, log.Logger())
			answer := send(t.Context(), t, engine, http.MethodGet, tc.path, "")
			golden.RequireResponse(t, "order "+title, answer)
			require.NotContains(t, answer.Body.String(), errSecret.Error())
			require.Equal(t, errors.Is(tc.err, errSecret), log.Contains(errSecret.Error()))
		})
	}
}

func TestAReaderThatHasGoneGetsNoAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	log := &testenv.Log{}
	engine := engineOf(nil, &library{err: reading.ErrUnavailable}, log.Logger())
	require.Empty(t, send(ctx, t, engine, http.MethodGet, "/api/v1/orders/1", "").Body.String())
	require.False(t, log.Contains("cannot read"))
}

func TestAPageOfOrders(t *testing.T) {
	t.Parallel()
	golden.RequireResponse(t, "page empty", get(t, &library{}, "/api/v1/orders"))
	l := &library{page: reading.Page{Orders: []domain.Order{someOrder(3), someOrder(2)}, Next: "abc_-"}}
	golden.RequireResponse(t, "page", get(t, l, "/api/v1/orders?limit=2&name=%20Zoe%CC%88%20&created_after=2026-01-01T00:00:00%2B02:00"))
	require.Equal(t, 2, l.limit)
	require.Equal(t, "Zoë", l.filter.Name.String())
	require.True(t, l.filter.After.Equal(time.Date(2025, 12, 31, 22, 0, 0, 0, time.UTC)))

	next := get(t, l, "/api/v1/orders?limit=2").Header().Get("Link")
	address, _, _ := strings.Cut(strings.TrimPrefix(next, "<"), ">")
	require.Equal(t, http.StatusOK, get(t, l, address).Code)
	require.Equal(t, "abc_-", l.cursor)
	require.Equal(t, http.StatusOK, get(t, l, "/api/v1/orders?created_before=2026-01-01T00:00:00.0000001Z").Code)
	require.Equal(t, time.Date(2026, 1, 1, 0, 0, 0, 1000, time.UTC), l.filter.Before, "the next microsecond")
	require.Equal(t, 100, l.limit)
}

func TestListsThatAreRefused(t *testing.T) {
	t.Parallel()
	for title, query := range map[string]string{
		"empty name": "name=", "empty time": "created_before=", "empty cursor": "cursor=", "empty limit": "limit=",
		"limit 0": "limit=0", "limit 1001": "limit=1001", "limit is no number": "limit=ten", "limit twice": "limit=1&limit=2",
		"blank name": "name=%20", "control character": "name=a%00b", "time": "created_after=yesterday",
		"misspelt": "created_afer=2026-01-01T00:00:00Z", "encoding": "name=%zz",
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			answer := get(t, &library{}, "/api/v1/orders?"+query)
			require.Equal(t, http.StatusBadRequest, answer.Code)
			golden.RequireResponse(t, "list "+title, answer)
		})
	}
	golden.RequireResponse(t, "list cursor", get(t, &library{err: reading.ErrCursor}, "/api/v1/orders?cursor=forged"))
	golden.RequireResponse(t, "list unavailable", get(t, &library{err: reading.ErrUnavailable}, "/api/v1/orders"))
	require.Equal(t, http.StatusNotAcceptable, get(t, &library{}, "/api/v1/orders", "Accept", "text/csv").Code)
}

func TestALongListIsCompressed(t *testing.T) {
	t.Parallel()
	l := &library{}
	for id := range int64(100) {
		l.page.Orders = append(l.page.Orders, someOrder(id+1))
	}
	engine := engineOf(nil, l, slog.New(slog.DiscardHandler))
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/orders", http.NoBody)
	request.Header.Set("Accept-Encoding", "gzip")
	answer := httptest.NewRecorder()
	engine.ServeHTTP(answer, request)
	require.Equal(t, "gzip", answer.Header().Get("Content-Encoding"))
	require.Less(t, answer.Body.Len(), 2000)
}

// TestTheExamplesOfTheDocument sends each example of a request, and reads each path with its examples.
func TestTheExamplesOfTheDocument(t *testing.T) {
	t.Parallel()
	l := &library{page: reading.Page{Orders: []domain.Order{someOrder(1)}}}
	engine := engineOf((&answer{}).place, l, slog.New(slog.DiscardHandler))
	sent := 0
	for _, example := range examples(t) {
		sent++
		response := send(t.Context(), t, engine, example.method, example.path, example.body, "Content-Type", "application/json")
		require.Less(t, response.Code, 300, "%+v: %s", example, response.Body)
	}
	require.GreaterOrEqual(t, sent, 4)
}

func TestOptionsListWhatAPathTakes(t *testing.T) {
	t.Parallel()
	engine := engineOf(nil, &library{}, slog.New(slog.DiscardHandler))
	for path, allow := range map[string]string{
		"/api/v1/orders":    "GET, HEAD, OPTIONS, POST",
		"/api/v1/orders/12": "GET, HEAD, OPTIONS",
		"/openapi.yaml":     "GET, HEAD, OPTIONS",
	} {
		require.Equal(t, allow, send(t.Context(), t, engine, http.MethodOptions, path, "").Header().Get("Allow"), path)
		require.Equal(t, http.StatusMethodNotAllowed, send(t.Context(), t, engine, http.MethodPut, path, "").Code)
		require.Equal(t, http.StatusOK, send(t.Context(), t, engine, http.MethodHead, path, "").Code)
	}
	require.Equal(t, http.StatusNotFound, send(t.Context(), t, engine, http.MethodGet, "/api/v2/orders", "").Code)
}

// FuzzList feeds queries to a list: whatever they are, the answer is as the document has it.
func FuzzList(f *testing.F) {
	for _, seed := range []string{"", "limit=1&name=Ann", "limit=%31", "created_after=2026-01-01", "cursor=x&cursor=y", "a;b", "name[]=x", "limit=1e3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		l := &library{}
		engine := engineOf(nil, l, slog.New(slog.DiscardHandler))
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/orders", http.NoBody)
		request.URL.RawQuery = query
		answer := httptest.NewRecorder()
		engine.ServeHTTP(answer, request)
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, answer.Code)
		if answer.Code == http.StatusOK {
			_, err := url.ParseQuery(query)
			require.NoError(t, err)
			require.True(t, l.limit >= 1 && l.limit <= 1000)
		}
	})
}
