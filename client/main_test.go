package client_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wire gives requests to a handler without a network, so that time can be a test's own.
type wire func(w *httptest.ResponseRecorder, r *http.Request) error

func (f wire) RoundTrip(request *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	if err := f(recorder, request); err != nil {
		return nil, err
	}
	return recorder.Result(), nil
}

func (f wire) orders(t *testing.T, opts ...client.Option) *client.Orders {
	t.Helper()
	orders, err := client.NewOrders("http://orders", append(opts, client.WithHTTPClient(&http.Client{Transport: f}))...)
	require.NoError(t, err)
	return orders
}

func (f wire) users(t *testing.T, opts ...client.Option) *client.Users {
	t.Helper()
	users, err := client.NewUsers("http://users", append(opts, client.WithHTTPClient(&http.Client{Transport: f}))...)
	require.NoError(t, err)
	return users
}

// refuse answers with a problem. Headers come in pairs.
func refuse(w http.ResponseWriter, status int, problemType string, headers ...string) {
	for i := 0; i < len(headers); i += 2 {
		w.Header().Set(headers[i], headers[i+1])
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":%q,"title":"The title","status":%d,"detail":"The detail.","request_id":"r1"}`, problemType, status)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err)
	}
}

func place(w http.ResponseWriter) {
	w.Header().Set("Order-Token", "the-token")
	answer(w, http.StatusCreated, map[string]any{"status": "success", "order_id": 1})
}
