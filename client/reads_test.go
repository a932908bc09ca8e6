package client_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/client"
)

func TestOrdersComePageByPage(t *testing.T) {
	t.Parallel()
	var asked []string
	service := wire(func(w *httptest.ResponseRecorder, r *http.Request) error {
		asked = append(asked, r.URL.RawQuery)
		switch r.URL.Query().Get("cursor") {
		case "":
			w.Header().Set("Link", `</api/v1/orders?limit=2&cursor=c1>; rel="next"`)
			answer(w, 200, map[string]any{"orders": []map[string]any{{"id": 3}, {"id": 2}}})
		case "c1":
			answer(w, 200, map[string]any{"orders": []map[string]any{{"id": 1}}})
		}
		return nil
	})
	filter := client.Filter{Name: "Ada L", PageSize: 2, CreatedAfter: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	var ids []int64
	for order, err := range service.orders(t).List(t.Context(), filter) {
		require.NoError(t, err)
		ids = append(ids, order.ID)
	}
	require.Equal(t, []int64{3, 2, 1}, ids)
	require.Equal(t, []string{
		"name=Ada+L&created_after=2026-11-24T12%3A00%3A00Z&limit=2",
		"name=Ada+L&created_after=2026-11-24T12%3A00%3A00Z&limit=2&cursor=c1",
	}, asked)

	asked = nil
	for range service.orders(t).List(t.Context(), client.Filter{}) {
		break
	}
	require.Equal(t, []string{""}, asked, "what is not taken is not asked for")
}

func TestUsersComePageByPageUntilAnError(t *testing.T) {
	t.Parallel()
	service := wire(func(w *httptest.ResponseRecorder, r *http.Request) error {
		require.Equal(t, "name", r.URL.Query().Get("sort"))
		require.Equal(t, "desc", r.URL.Query().Get("order"))
		if r.URL.Query().Get("cursor") == "" {
			answer(w, 200, map[string]any{"users": []map[string]any{{"name": "b"}}, "next_cursor": "c1"})
			return nil
		}
		refuse(w, 400, client.InvalidCursor)
		return nil
	})
	var names []string
	var errs []error
	for user, err := range service.users(t).List(t.Context(), client.Sorting{By: "name", Order: "desc"}) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		names = append(names, user.Name)
	}
	require.Equal(t, []string{"b"}, names)
	require.Len(t, errs, 1)
	require.True(t, client.Is(errs[0], client.InvalidCursor))
}

// A wait that is longer than one request may be is several.
func TestAfterWaitsInTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var turns []string
		service := wire(func(w *httptest.ResponseRecorder, r *http.Request) error {
			require.Equal(t, "the-token", r.URL.Query().Get("after"))
			turn := r.URL.Query().Get("wait")
			turns = append(turns, turn)
			wait, err := time.ParseDuration(turn)
			require.NoError(t, err)
			time.Sleep(wait)
			refuse(w, 504, client.NotCountedYet, "Retry-After", "1")
			return nil
		})
		begin := time.Now()
		_, err := service.users(t, client.WithTimeout(time.Second)).After(t.Context(), "Ada", "the-token", 70*time.Second)
		require.True(t, client.Is(err, client.NotCountedYet))
		require.Equal(t, 70*time.Second, time.Since(begin))
		require.Equal(t, []string{"30000ms", "30000ms", "10000ms"}, turns)
	})
}

func TestNamesInPaths(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Ada": "Ada", "a/b": "a%2Fb", "John Doe": "John%20Doe", ".": "%2E", "..": "%2E%2E", "...": "...", "50%": "50%25",
		"stream": "stream", "Zoë": "Zo%C3%AB", "a?b#c": "a%3Fb%23c", "../x": "..%2Fx",
	} {
		service := wire(func(w *httptest.ResponseRecorder, r *http.Request) error {
			require.Equal(t, "http://users/api/v1/users/"+want, r.URL.String())
			require.Equal(t, "/api/v1/users/"+name, r.URL.Path)
			require.True(t, strings.HasPrefix(r.Header.Get("Accept"), "application/json"))
			answer(w, 200, map[string]any{"name": name, "counter": 2})
			return nil
		})
		user, err := service.users(t).Get(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, name, user.Name)
		require.Equal(t, int64(2), user.Counter)
	}
}

func TestWhatIsThereOnce(t *testing.T) {
	t.Parallel()
	service := wire(func(w *httptest.ResponseRecorder, r *http.Request) error {
		switch r.URL.Path {
		case "/api/v1/orders/7":
			answer(w, 200, map[string]any{"id": 7, "status": "published", "place": map[string]any{"lane": 3}})
		case "/api/v1/stats":
			answer(w, 200, map[string]any{"orders": 8, "users": 5, "lag": map[string]any{"events": 6}})
		case "/api/v1/progress":
			answer(w, 200, map[string]any{"marks": []map[string]any{{"lane": 1, "applied": 2}}})
		}
		return nil
	})
	order, err := service.orders(t).Get(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, client.Published, order.Status)
	require.Equal(t, 3, order.Place.Lane)
	stats, err := service.users(t).Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(5), stats.Users)
	require.Equal(t, int64(6), stats.Lag.Events)
	placed, err := service.orders(t).Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(8), placed.Orders)
	require.Equal(t, int64(6), placed.Lag.Events)
	progress, err := service.users(t).Progress(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(2), progress.Marks[0].Applied)
}
