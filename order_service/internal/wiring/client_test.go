package wiring_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/client"
	"ordertrack/scripts/localstack/testenv"
)

// A client whose connections are cut after the order was stored, again and again, has one order, and learns which.
func TestAClientThatIsCutOffHasOneOrder(t *testing.T) {
	t.Parallel()
	database := testenv.Database(t)
	r := start(t, settingsFor(t, database, testenv.Broker(t), testenv.Topic(t)))
	var cuts atomic.Int64
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		onward, err := http.NewRequestWithContext(request.Context(), request.Method, r.api+request.URL.String(), request.Body)
		if err != nil {
			panic(err)
		}
		onward.Header = request.Header
		answer, err := r.client.Do(onward)
		if err != nil || cuts.Add(-1) >= 0 {
			panic(http.ErrAbortHandler)
		}
		defer func() { _ = answer.Body.Close() }()
		maps.Copy(w.Header(), answer.Header)
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}))
	defer front.Close()
	orders, err := client.NewOrders(front.URL)
	require.NoError(t, err)
	defer orders.Close()

	cuts.Store(3)
	placed, err := orders.Place(t.Context(), client.Draft{Name: "Ann", Note: "x"})
	require.NoError(t, err)
	require.Negative(t, cuts.Load(), "it was cut off")
	stored := rows(t, database)
	require.Len(t, stored, 1)
	require.Equal(t, stored[0].id, placed.ID)
	order, err := orders.Get(t.Context(), placed.ID)
	require.NoError(t, err)
	require.Equal(t, order.Place.Token, placed.Token)

	cuts.Store(2)
	batch, err := orders.PlaceAll(t.Context(), []client.Draft{{Name: "Ann"}, {Name: "Bob"}})
	require.NoError(t, err)
	require.Equal(t, []int64{2, 3}, batch.IDs)
	require.Len(t, rows(t, database), 3)

	_, err = orders.Place(t.Context(), client.Draft{Name: "Bob"}, client.WithKey(placed.Key))
	require.True(t, client.Is(err, client.KeyReused), "%v", err)
	r.stop(t)
}
