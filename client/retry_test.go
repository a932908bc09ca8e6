package client_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/client"
)

var (
	errCut     = &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	errRefused = &net.OpError{Op: "dial", Err: errors.New("connection refused")}
)

// A request that is sent again has the same key and the same body, however it failed.
func TestItIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(w http.ResponseWriter) error{
		"connection refused": func(http.ResponseWriter) error { return errRefused },
		"connection cut":     func(http.ResponseWriter) error { return errCut },
		"not stored": func(w http.ResponseWriter) error {
			refuse(w, 503, client.OrderNotStored, "Retry-After", "1")
			return nil
		},
		"may exist": func(w http.ResponseWriter) error { refuse(w, 503, client.OrderMayExist); return nil },
		"too many": func(w http.ResponseWriter) error {
			refuse(w, 429, client.TooManyRequests, "Retry-After", "1")
			return nil
		},
		"first is under way":    func(w http.ResponseWriter) error { refuse(w, 409, client.KeyInFlight, "Retry-After", "1"); return nil },
		"bad gateway":           func(w http.ResponseWriter) error { http.Error(w, "<html>", http.StatusBadGateway); return nil },
		"gateway without reply": func(w http.ResponseWriter) error { http.Error(w, "<html>", http.StatusGatewayTimeout); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var keys, bodies []string
				service := wire(func(w *httptest.ResponseRecorder, r *http.Request) error {
					body, err := io.ReadAll(r.Body)
					require.NoError(t, err)
					keys, bodies = append(keys, r.Header.Get("Idempotency-Key")), append(bodies, string(body))
					if len(keys) < 3 {
						return fail(w)
					}
					place(w)
					return nil
				})
				placed, err := service.orders(t).Place(t.Context(), client.Draft{Name: "Ada", Note: "x"})
				require.NoError(t, err)
				require.Equal(t, client.Placed{ID: 1, Token: "the-token", Key: keys[0]}, placed)
				require.Len(t, keys, 3)
				require.Equal(t, []string{keys[0], keys[0], keys[0]}, keys)
				require.NotEmpty(t, keys[0])
				require.JSONEq(t, `{"name":"Ada","note":"x"}`, bodies[0])
				require.Equal(t, []string{bodies[0], bodies[0], bodies[0]}, bodies)
			})
		})
	}
}

func TestItIsNotSentSoonerThanAsked(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]func() string{
		"seconds": func() string { return "20" },
		"date":    func() string { return time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begin, times := time.Now(), 0
				service := wire(func(w *httptest.ResponseRecorder, _ *http.Request) error {
					if times++; times == 1 {
						refuse(w, 503, client.OrderNotStored, "Retry-After", header())
						return nil
					}
					place(w)
					return nil
				})
				var retries []client.Retry
				orders := service.orders(t, client.WithNotice(func(r client.Retry) { retries = append(retries, r) }))
				_, err := orders.Place(t.Context(), client.Draft{Name: "Ada"})
				require.NoError(t, err)
				require.GreaterOrEqual(t, time.Since(begin), 20*time.Second)
				require.Less(t, time.Since(begin), 21*time.Second)
				require.Len(t, retries, 1)
				require.Equal(t, 1, retries[0].Attempt)
				require.Equal(t, time.Since(begin), retries[0].Pause)
				require.True(t, client.Is(retries[0].Err, client.OrderNotStored))
			})
		})
	}
}

// What would be refused again is not sent again.
func TestItIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fail    func(w http.ResponseWriter) error
		unknown bool // whether the order was placed
	}{
		"validation":   {fail: func(w http.ResponseWriter) error { refuse(w, 400, client.Validation); return nil }},
		"another body": {fail: func(w http.ResponseWriter) error { refuse(w, 422, client.KeyReused); return nil }},
		"other 409":    {fail: func(w http.ResponseWriter) error { refuse(w, 409, "/problems/other", "Retry-After", "1"); return nil }},
		"too long": {fail: func(w http.ResponseWriter) error {
			refuse(w, 503, client.OrderNotStored, "Retry-After", "61")
			return nil
		}},
		"fault": {fail: func(w http.ResponseWriter) error { refuse(w, 500, client.InternalError); return nil }, unknown: true},
		"certificate": {fail: func(http.ResponseWriter) error {
			return &net.OpError{Op: "dial", Err: &tls.CertificateVerificationError{Err: errCut}}
		}},
		"no such thing": {fail: func(w http.ResponseWriter) error { http.Error(w, "", http.StatusNotFound); return nil }},
		"no JSON":       {fail: func(w http.ResponseWriter) error { w.WriteHeader(http.StatusCreated); return nil }, unknown: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			times := 0
			service := wire(func(w *httptest.ResponseRecorder, _ *http.Request) error { times++; return tc.fail(w) })
			_, err := service.orders(t).Place(t.Context(), client.Draft{Name: "Ada"}, client.WithKey("k1"))
			require.Error(t, err)
			require.Equal(t, 1, times)
			var unknown *client.UnknownOutcome
			require.Equal(t, tc.unknown, errors.As(err, &unknown))
			if tc.unknown {
				require.Equal(t, "k1", unknown.Key)
				require.ErrorContains(t, err, "with the key k1")
			}
		})
	}
}

// One attempt whose outcome nobody knows is enough: what comes after it does not tell.
func TestTheOutcomeIsUnknown(t *testing.T) {
	t.Parallel()
	refused := func(http.ResponseWriter) error { return errRefused }
	notStored := func(w http.ResponseWriter) error { refuse(w, 503, client.OrderNotStored); return nil }
	cut := func(http.ResponseWriter) error { return errCut }
	for name, tc := range map[string]struct {
		fails   []func(http.ResponseWriter) error
		unknown bool
	}{
		"never sent":     {fails: []func(http.ResponseWriter) error{refused, refused, refused}},
		"never stored":   {fails: []func(http.ResponseWriter) error{notStored, refused, notStored}},
		"cut first":      {fails: []func(http.ResponseWriter) error{cut, notStored, refused}, unknown: true},
		"cut in between": {fails: []func(http.ResponseWriter) error{notStored, cut, notStored}, unknown: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				times := 0
				service := wire(func(w *httptest.ResponseRecorder, _ *http.Request) error { times++; return tc.fails[times-1](w) })
				_, err := service.orders(t, client.WithAttempts(3)).PlaceAll(t.Context(), []client.Draft{{Name: "Ada"}})
				require.ErrorContains(t, err, "(tried 3 times)")
				var unknown *client.UnknownOutcome
				require.Equal(t, tc.unknown, errors.As(err, &unknown))
			})
		})
	}
}

func TestTheContextEndsTheAttempts(t *testing.T) {
	t.Parallel()
	service := wire(func(w *httptest.ResponseRecorder, _ *http.Request) error {
		refuse(w, 503, client.Unavailable, "Retry-After", "10")
		return nil
	})
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("stopping")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(15*time.Second, func() { cancel(cause) })
		begin := time.Now()
		_, err := service.users(t).Get(ctx, "Ada")
		require.ErrorIs(t, err, cause)
		require.True(t, client.Is(err, client.Unavailable), "what was answered last is told, too")
		require.Equal(t, 15*time.Second, time.Since(begin))
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begin := time.Now()
		_, err := service.users(t).Get(ctx, "Ada")
		require.True(t, client.Is(err, client.Unavailable))
		require.Zero(t, time.Since(begin), "a pause that would outlive the context is not begun")
	})
}

func TestAnAttemptHasItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		times := 0
		service := wire(func(w *httptest.ResponseRecorder, r *http.Request) error {
			if times++; times == 1 {
				<-r.Context().Done()
				return r.Context().Err()
			}
			place(w)
			return nil
		})
		var notice error
		orders := service.orders(t, client.WithTimeout(3*time.Second), client.WithNotice(func(r client.Retry) { notice = r.Err }))
		begin := time.Now()
		_, err := orders.Place(t.Context(), client.Draft{Name: "Ada"})
		require.NoError(t, err)
		require.ErrorContains(t, notice, "no answer in time")
		require.GreaterOrEqual(t, time.Since(begin), 3*time.Second)
		require.Less(t, time.Since(begin), 4*time.Second)
	})
}

// endless never ends a body.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) { e.read += len(p); return len(p), nil }
func (e *endless) Close() error               { return nil }

type endlessWire struct{ body *endless }

func (e endlessWire) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: e.body, Request: r}, nil
}

func TestABodyIsReadWithALimit(t *testing.T) {
	t.Parallel()
	body := &endless{}
	users, err := client.NewUsers("http://users", client.WithHTTPClient(&http.Client{Transport: endlessWire{body}}))
	require.NoError(t, err)
	_, err = users.Stats(t.Context())
	require.ErrorContains(t, err, "the answer is larger than 32 MiB")
	require.Less(t, body.read, 40<<20, "once")
}

func TestProblems(t *testing.T) {
	t.Parallel()
	const body = `{"type":"/problems/validation","title":"The request breaks a rule","status":400,"detail":"See errors.",` +
		`"request_id":"r7","errors":[{"index":2,"field":"name","limit":"1 to 200 characters","detail":"The name is empty."},` +
		`{"field":"orders","detail":"Too many."}]}`
	service := wire(func(w *httptest.ResponseRecorder, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
		w.WriteHeader(http.StatusBadRequest)
		_, err := io.Copy(w, strings.NewReader(body))
		return err
	})
	_, err := service.orders(t).PlaceAll(t.Context(), nil)
	var problem *client.Problem
	require.ErrorAs(t, err, &problem)
	index := 2
	require.Equal(t, &client.Problem{
		Type: client.Validation, Title: "The request breaks a rule", Status: 400, Detail: "See errors.", RequestID: "r7",
		Fields: []client.FieldError{
			{Index: &index, Field: "name", Limit: "1 to 200 characters", Detail: "The name is empty."},
			{Field: "orders", Detail: "Too many."},
		},
	}, problem)
	require.EqualError(t, err, "POST http://orders/api/v1/orders/batch: 400 The request breaks a rule; "+
		"name of order 2: The name is empty. (1 to 200 characters); orders: Too many. (request r7)")

	foreign := wire(func(w *httptest.ResponseRecorder, _ *http.Request) error {
		w.Header().Set("X-Request-ID", "r8")
		http.Error(w, "<html>", http.StatusForbidden)
		return nil
	})
	_, err = foreign.users(t).Get(t.Context(), "Ada")
	require.EqualError(t, err, "GET http://users/api/v1/users/Ada: 403 Forbidden (request r8)")
	require.True(t, client.Is(err, "about:blank"))
}

func TestBaseURLs(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "localhost:8080", "ftp://x", "http://", "http://x?y=1", "http://x#y", "http://%zz"} {
		_, err := client.NewOrders(base)
		require.ErrorContains(t, err, "order_service: base URL")
		_, err = client.NewUsers(base)
		require.ErrorContains(t, err, "track_users: base URL")
	}
}
