package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"ordertrack/api"
	"ordertrack/order_service/internal/adapters/httpapi"
	"ordertrack/order_service/internal/application/once"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/contract"
	shared "ordertrack/shared/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var place = domain.Place{LogID: "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11", Lane: 7, Sequence: 4711}

// answer is a use case that always answers the same, and keeps what it was asked.
type answer struct {
	err   error
	asked []placing.Request
}

func (a *answer) place(_ context.Context, r placing.Request) (domain.Order, error) {
	a.asked = append(a.asked, r)
	if a.err != nil {
		return domain.Order{}, fmt.Errorf("place an order: %w", a.err)
	}
	return domain.Order{ID: 123, Place: place}, nil
}

// batches places each order by the one use case.
type batches struct{ place httpapi.Place }

func (b batches) PlaceAll(ctx context.Context, requests []placing.Request, _ *placing.Claim) ([]domain.Order, error) {
	orders := make([]domain.Order, len(requests))
	for i, request := range requests {
		order, err := b.place(ctx, request)
		if err != nil {
			return nil, err
		}
		orders[i] = order
		orders[i].ID += int64(i)
	}
	return orders, nil
}

// onlyOnce places under any key.
type onlyOnce struct{ place httpapi.Place }

func (o onlyOnce) Place(ctx context.Context, _ placing.Claim, requests []placing.Request) (once.Answer, error) {
	orders, err := batches(o).PlaceAll(ctx, requests, nil)
	if err != nil {
		return once.Answer{}, err
	}
	return once.Answer{FirstID: orders[0].ID, Size: len(orders), Place: orders[0].Place}, nil
}

// noReader is for tests that read nothing.
type noReader struct{ httpapi.Reader }

// post sends a body to an API over the use case. Headers come in pairs; they are added to a Content-Type of JSON.
func post(t *testing.T, place httpapi.Place, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return postAs(t.Context(), t, place, body, headers...)
}

func postAs(ctx context.Context, t *testing.T, place httpapi.Place, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	headers = append([]string{"Content-Type", "application/json"}, headers...)
	engine := engineOf(place, noReader{}, slog.New(slog.DiscardHandler)) //nolint:contextcheck // each request has its own
	return send(ctx, t, engine, http.MethodPost, "/api/v1/orders", body, headers...)
}

func engineOf(place httpapi.Place, reader httpapi.Reader, log *slog.Logger) http.Handler {
	engine := shared.NewEngine(log)
	httpapi.Register(engine, httpapi.Uses{Place: place, Batches: batches{place}, Once: onlyOnce{place}, Reader: reader}, log)
	return engine
}

var (
	loaded   sync.Once
	document *contract.Document
)

// send sends a request, and holds the answer against the API's document.
func send(
	ctx context.Context, t *testing.T, engine http.Handler, method, path, body string, headers ...string,
) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	request.Header.Set("X-Request-ID", "request-1")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	engine.ServeHTTP(recorder, request)
	if ctx.Err() == nil {
		loaded.Do(func() { document = contract.Load(t, api.OrderService) })
		document.Check(t, request, []byte(body), recorder)
	}
	return recorder
}

var errSecret = errors.New("host db7 refused user admin")
