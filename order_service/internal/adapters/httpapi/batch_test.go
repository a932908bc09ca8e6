package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/golden"
)

func postBatch(t *testing.T, a *answer, body string) *httptest.ResponseRecorder {
	t.Helper()
	engine := engineOf(a.place, noReader{}, slog.New(slog.DiscardHandler))
	return send(t.Context(), t, engine, http.MethodPost, "/api/v1/orders/batch", body, "Content-Type", "application/json")
}

func many(orders int) string {
	return `{"orders":[` + strings.TrimSuffix(strings.Repeat(john+",", orders), ",") + `]}`
}

func TestABatchOfOrders(t *testing.T) {
	t.Parallel()
	a := &answer{}
	golden.RequireResponse(t, "batch placed", postBatch(t, a, ` {"orders":[ `+john+`,{"name":" Zoe\u0308 "}] } `))
	require.Len(t, a.asked, 2)
	require.Equal(t, "Zoë", a.asked[1].Name.String())
	require.Equal(t, a.asked[0].TraceParent, a.asked[1].TraceParent, "one request, one trace")
	require.Equal(t, http.StatusCreated, postBatch(t, a, many(1000)).Code)

	keyed := postKeyed(t, &safe{}, "/api/v1/orders/batch", many(2), "Idempotency-Key", "k")
	require.JSONEq(t, `{"status":"success","order_ids":[123,124]}`, keyed.Body.String())
}

func TestBatchesThatAreRefused(t *testing.T) {
	t.Parallel()
	for title, body := range map[string]string{
		"empty body":    "",
		"no orders":     `{}`,
		"none":          `{"orders":[]}`,
		"null":          `{"orders":null}`,
		"an array":      `[` + john + `]`,
		"too many":      many(1001),
		"cut off":       `{"orders":[` + john,
		"twice":         `{"orders":[` + john + `],"orders":[` + john + `]}`,
		"trailing":      many(1) + "x",
		"not UTF-8":     "{\"orders\":[{\"name\":\"\xff\"}]}",
		"other member":  `{"orders":[` + john + `],"atomic":true}`,
		"each at fault": `{"orders":[` + john + `,{"name":" "},7,{"note":1,"price":2},{"name":"Ann","name":"Bob"}]}`,
		"fields":        `{"orders":[` + john + `,{"name":" "},7,{"note":1,"price":2}]}`,
		"deep":          `{"orders":[{"name":` + strings.Repeat("[", 5000) + `}]}`,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := &answer{}
			refused := postBatch(t, a, body)
			require.Equal(t, http.StatusBadRequest, refused.Code)
			golden.RequireResponse(t, "batch "+title, refused)
			require.Empty(t, a.asked)
		})
	}
	faulty := postBatch(t, &answer{}, `{"orders":[`+strings.TrimSuffix(strings.Repeat(`{},`, 900), ",")+`]}`)
	require.Equal(t, 100, strings.Count(faulty.Body.String(), `"index"`), "an answer stays small")
	require.Equal(t, http.StatusRequestEntityTooLarge, postBatch(t, &answer{}, strings.Repeat(" ", 4<<20+1)).Code)
}

func TestBatchesThatAreNotPlaced(t *testing.T) {
	t.Parallel()
	require.Equal(t, http.StatusServiceUnavailable, postBatch(t, &answer{err: placing.ErrBusy}, many(2)).Code)
	require.Contains(t, postBatch(t, &answer{err: placing.ErrMayExist}, many(2)).Body.String(), "order-may-exist")
}

func TestBatchesAreHeldOnlySoMany(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	engine := engineOf(func(context.Context, placing.Request) (domain.Order, error) {
		entered <- struct{}{}
		<-release
		return domain.Order{ID: 1, Place: place}, nil
	}, noReader{}, slog.New(slog.DiscardHandler))
	try := func() *httptest.ResponseRecorder {
		return send(t.Context(), t, engine, http.MethodPost, "/api/v1/orders/batch", many(1), "Content-Type", "application/json")
	}
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() { try() })
		<-entered
	}
	golden.RequireResponse(t, "batch one too many", try())
	close(release)
	clients.Wait()
}
