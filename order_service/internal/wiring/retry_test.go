package wiring_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
)

// answered is what a client gets, but for what differs with each request.
type answered struct {
	status               int
	body                 string
	location, token, typ string
}

func (r running) postKeyed(ctx context.Context, t *testing.T, path, key, body string) answered {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.api+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	response, err := r.client.Do(request)
	require.NoError(t, err)
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	h := response.Header
	return answered{response.StatusCode, string(content), h.Get("Location"), h.Get("Order-Token"), h.Get("Content-Type")}
}

// The answer of one process never arrives; the next one, which knows of it from the database alone, gives the same to the
// byte. What a kill in the middle does is for the fault matrix.
func TestARetryAtTheNextProcessIsAnsweredTheSame(t *testing.T) {
	t.Parallel()
	database := testenv.Database(t)
	settings := settingsFor(t, database, testenv.Broker(t), testenv.Topic(t))
	const one, many = `{"name":"Ann","note":"x"}`, `{"orders":[{"name":"Ann"},{"name":"Bob"}]}`
	first := start(t, settings)
	lost := first.postKeyed(t.Context(), t, "/api/v1/orders", "one", one)
	lostBatch := first.postKeyed(t.Context(), t, "/api/v1/orders/batch", "many", many)
	require.Equal(t, http.StatusCreated, lost.status)
	require.Equal(t, http.StatusCreated, lostBatch.status)
	first.stop(t)

	next := start(t, settings)
	for range 3 {
		require.Equal(t, lost, next.postKeyed(t.Context(), t, "/api/v1/orders", "one", one))
		require.Equal(t, lostBatch, next.postKeyed(t.Context(), t, "/api/v1/orders/batch", "many", many))
	}
	require.Equal(t, http.StatusUnprocessableEntity, next.postKeyed(t.Context(), t, "/api/v1/orders", "one", one+" ").status)
	require.Equal(t, http.StatusUnprocessableEntity, next.postKeyed(t.Context(), t, "/api/v1/orders", "many", one).status)
	require.Len(t, rows(t, database), 3)
	next.stop(t)
}
