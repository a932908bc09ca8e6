package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/client"
	"ordertrack/shared/httpapi"
)

// keeper stores an order for each key, and cuts the connection after storing as often as it is told to.
type keeper struct {
	mu     sync.Mutex
	cuts   int
	asked  int
	orders map[string]string // by key
}

func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked++
	k.orders[r.Header.Get("Idempotency-Key")] = string(body)
	if k.asked > k.cuts {
		place(w)
		return
	}
	if k.asked%2 == 0 { // in the middle of the answer
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"status":"succ`)
	}
	panic(http.ErrAbortHandler)
}

func TestACutConnectionMakesNoSecondOrder(t *testing.T) {
	t.Parallel()
	service := &keeper{cuts: 3, orders: map[string]string{}}
	server := httptest.NewServer(service)
	defer server.Close()
	orders, err := client.NewOrders(server.URL)
	require.NoError(t, err)
	defer orders.Close()
	placed, err := orders.Place(t.Context(), client.Draft{Name: "Ada"})
	require.NoError(t, err)
	require.Equal(t, int64(1), placed.ID)
	require.Equal(t, map[string]string{placed.Key: `{"name":"Ada"}`}, service.orders)
	require.Equal(t, 4, service.asked)

	other, err := orders.Place(t.Context(), client.Draft{Name: "Ada"})
	require.NoError(t, err)
	require.NotEqual(t, placed.Key, other.Key, "another order is another order")
}

// A client that is in front of a path of a proxy asks below it, streams as well.
func TestABaseURLMayHaveAPath(t *testing.T) {
	t.Parallel()
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		refuse(w, 404, client.NotFound)
	}))
	defer server.Close()
	for _, base := range []string{server.URL + "/track", server.URL + "/track/"} {
		users, err := client.NewUsers(base)
		require.NoError(t, err)
		_, err = users.Get(t.Context(), "..")
		require.True(t, client.Is(err, client.NotFound))
		for _, err := range users.Watch(t.Context(), "") {
			require.True(t, client.Is(err, client.NotFound))
		}
		users.Close()
	}
	require.Equal(t, []string{"/track/api/v1/users/..", "/track/api/v1/users/stream", "/track/api/v1/users/..", "/track/api/v1/users/stream"}, paths)
}

// The constants are the services' own types, and all of them.
func TestTheTypesAreThoseOfTheServices(t *testing.T) {
	t.Parallel()
	types := make([]string, 0, len(httpapi.Kinds()))
	for _, kind := range httpapi.Kinds() {
		types = append(types, kind.Type())
	}
	require.ElementsMatch(t, []string{
		client.BadRequest, client.Validation, client.InvalidCursor, client.NotFound, client.MethodNotAllowed, client.NotAcceptable,
		client.KeyInFlight, client.ContentTooLarge, client.UnsupportedMediaType, client.KeyReused, client.TooManyRequests,
		client.HeaderTooLarge,
		client.InternalError, client.Unavailable, client.OrderNotStored, client.OrderMayExist, client.NotCountedYet,
	}, types)
}
