package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"ordertrack/order_service/internal/adapters/httpapi"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	shared "ordertrack/shared/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
	return domain.Order{ID: 123}, nil
}

// post sends a body to an API over the use case. Headers come in pairs; they are added to a Content-Type of JSON.
func post(ctx context.Context, place httpapi.Place, body string, headers ...string) *httptest.ResponseRecorder {
	log := slog.New(slog.DiscardHandler)
	engine := shared.NewEngine(log)
	httpapi.Register(engine, place, log)
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/v1/orders", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Request-ID", "request-1")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	engine.ServeHTTP(recorder, request)
	return recorder
}

var errSecret = errors.New("host db7 refused user admin")
