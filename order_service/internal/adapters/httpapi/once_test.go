package httpapi_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/httpapi"
	"ordertrack/order_service/internal/application/once"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/golden"
	shared "ordertrack/shared/httpapi"
)

// safe is a use case that always answers the same, and keeps the claims.
type safe struct {
	err    error
	claims []placing.Claim
}

func (s *safe) Place(_ context.Context, claim placing.Claim, requests []placing.Request) (once.Answer, error) {
	s.claims = append(s.claims, claim)
	if s.err != nil {
		return once.Answer{}, fmt.Errorf("under a key: %w", s.err)
	}
	return once.Answer{FirstID: 123, Size: len(requests), Place: place}, nil
}

// never is for what must not be asked.
func never(context.Context, placing.Request) (domain.Order, error) {
	panic("a keyed request goes its own way")
}

func postKeyed(t *testing.T, s *safe, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	engine := shared.NewEngine(slog.New(slog.DiscardHandler))
	httpapi.Register(engine, httpapi.Uses{Place: never, Once: s, Reader: noReader{}}, slog.New(slog.DiscardHandler))
	return send(t.Context(), t, engine, http.MethodPost, path, body, append([]string{"Content-Type", "application/json"}, headers...)...)
}

const orders = "/api/v1/orders"

func TestAKeyedOrderIsAnsweredLikeAnyOther(t *testing.T) {
	t.Parallel()
	plain := post(t, (&answer{}).place, john)
	keyed := postKeyed(t, &safe{}, orders, john, "Idempotency-Key", "k")
	require.Equal(t, plain.Code, keyed.Code)
	require.Equal(t, plain.Body.String(), keyed.Body.String())
	require.Equal(t, plain.Header(), keyed.Header())
}

func TestWhatAClaimIs(t *testing.T) {
	t.Parallel()
	s := &safe{}
	for _, key := range []string{"k", `"k"`} {
		require.Equal(t, http.StatusCreated, postKeyed(t, s, orders, john, "Idempotency-Key", key).Code)
	}
	require.Equal(t, s.claims[0], s.claims[1], "bare or quoted")
	postKeyed(t, s, orders, john+" ", "Idempotency-Key", "k")
	require.Equal(t, s.claims[0].Key, s.claims[2].Key)
	require.NotEqual(t, s.claims[0].Request, s.claims[2].Request, "another body, to the byte")
	postKeyed(t, s, orders, john, "Idempotency-Key", `"k\""`)
	require.NotEqual(t, s.claims[0].Key, s.claims[3].Key)
	require.Equal(t, s.claims[0].Request, s.claims[3].Request)
}

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	for title, key := range map[string]string{
		"empty": "", "blank": " ", "empty string": `""`, "half quoted": `"abc`, "quote inside": `a"b`, "two words": "a b",
		"parameter": `"a";x=1`, "bad escape": `"a\b"`, "escape at the end": `"a\"`, "not ASCII": "schlüssel", "control": "a\x01b",
		"too long": strings.Repeat("k", 256), "lone quote": `"`,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			s := &safe{}
			refused := postKeyed(t, s, orders, john, "Idempotency-Key", key)
			require.Equal(t, http.StatusBadRequest, refused.Code)
			require.Contains(t, refused.Body.String(), `"field":"Idempotency-Key"`)
			require.Empty(t, s.claims)
		})
	}
	require.Equal(t, http.StatusCreated, postKeyed(t, &safe{}, orders, john, "Idempotency-Key", strings.Repeat("k", 255)).Code)
}

func TestKeyedOrdersThatAreNotPlaced(t *testing.T) {
	t.Parallel()
	for title, err := range map[string]error{
		"reused": once.ErrReused, "in flight": once.ErrInFlight, "unavailable": placing.ErrUnavailable,
		"may exist": placing.ErrMayExist, "unknown": errSecret,
	} {
		golden.RequireResponse(t, "keyed "+title, postKeyed(t, &safe{err: err}, orders, john, "Idempotency-Key", "k"))
	}
}
