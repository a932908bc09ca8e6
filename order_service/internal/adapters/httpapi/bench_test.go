package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/httpapi"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	shared "ordertrack/shared/httpapi"
)

// discard is an answer that nobody reads; the header is used again.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header            { return d.header }
func (d *discard) Write(body []byte) (int, error) { return len(body), nil }
func (d *discard) WriteHeader(status int)         { d.status = status }

// BenchmarkPostOrder is a whole request between the server and the use case: routing, decoding, answering.
func BenchmarkPostOrder(b *testing.B) {
	log := slog.New(slog.DiscardHandler)
	engine := shared.NewEngine(log)
	one := func(context.Context, placing.Request) (domain.Order, error) {
		return domain.Order{ID: 123, Place: place}, nil
	}
	httpapi.Register(engine, httpapi.Uses{Place: one, Reader: noReader{}}, log)
	body := strings.NewReader(john)
	request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/api/v1/orders", body)
	request.Header.Set("Content-Type", "application/json")
	answer := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		body.Reset(john)
		clear(answer.header)
		engine.ServeHTTP(answer, request)
	}
	require.Equal(b, http.StatusCreated, answer.status)
}
