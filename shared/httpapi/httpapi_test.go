package httpapi_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/shared/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func setup() (*gin.Engine, *bytes.Buffer) {
	var log bytes.Buffer
	engine := httpapi.NewEngine(slog.New(slog.NewTextHandler(&log, nil)))
	engine.GET("/things/:name", func(c *gin.Context) { c.String(http.StatusOK, c.Param("name")) })
	engine.GET("/panic", func(*gin.Context) { panic("secret") })
	engine.GET("/broken", func(c *gin.Context) {
		httpapi.Internal(c, slog.New(slog.NewTextHandler(&log, nil)), http.ErrBodyNotAllowed)
	})
	engine.GET("/busy", func(c *gin.Context) {
		httpapi.Write(c, httpapi.Problem{
			Status: http.StatusServiceUnavailable, RetryAfter: 1100 * time.Millisecond,
			Errors: []httpapi.FieldError{{Field: "name", Limit: "1 to 200 characters", Detail: "The name is empty."}},
		})
	})
	return engine, &log
}

func do(t *testing.T, engine *gin.Engine, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	recorder := httptest.NewRecorder()
	engine.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody))
	return recorder
}

func TestErrorsAreProblems(t *testing.T) {
	t.Parallel()
	engine, _ := setup()
	for _, tc := range []struct {
		method, path string
		status       int
		body         string
	}{
		{http.MethodGet, "/nothing", 404, `{"type":"about:blank","title":"Not Found","status":404,"detail":"There is nothing at this path."}`},
		{
			http.MethodDelete, "/busy", 405, `{"type":"about:blank","title":"Method Not Allowed","status":405,` +
				`"detail":"This path does not take DELETE; the Allow header lists what it takes."}`,
		},
		{
			http.MethodGet, "/busy", 503, `{"type":"about:blank","title":"Service Unavailable","status":503,` +
				`"errors":[{"field":"name","limit":"1 to 200 characters","detail":"The name is empty."}]}`,
		},
		{http.MethodGet, "/panic", 500, `{"type":"about:blank","title":"Internal Server Error","status":500,` +
			`"detail":"Something went wrong on our side; it has been logged."}`},
		{http.MethodGet, "/broken", 500, `{"type":"about:blank","title":"Internal Server Error","status":500,` +
			`"detail":"Something went wrong on our side; it has been logged."}`},
	} {
		response := do(t, engine, tc.method, tc.path)
		require.Equal(t, tc.status, response.Code, tc.path)
		require.Equal(t, httpapi.ProblemType, response.Header().Get("Content-Type"))
		require.JSONEq(t, tc.body, response.Body.String())
	}
	require.Equal(t, "2", do(t, engine, http.MethodGet, "/busy").Header().Get("Retry-After"), "rounded up")
	require.Equal(t, "GET", do(t, engine, http.MethodPost, "/busy").Header().Get("Allow"))
}

func TestWhatIsInternalIsLoggedOnly(t *testing.T) {
	t.Parallel()
	engine, log := setup()
	require.NotContains(t, do(t, engine, http.MethodGet, "/panic").Body.String(), "secret")
	require.Contains(t, log.String(), "panic=secret")
	require.NotContains(t, do(t, engine, http.MethodGet, "/broken").Body.String(), http.ErrBodyNotAllowed.Error())
	require.Contains(t, log.String(), http.ErrBodyNotAllowed.Error())
}

func TestEncodedSlashStaysInItsSegment(t *testing.T) {
	t.Parallel()
	engine, _ := setup()
	for path, want := range map[string]string{
		"/things/a%2Fb": "a/b", "/things/100%25": "100%", "/things/a+b": "a+b", "/things/a%20b": "a b", "/things/Zo%C3%AB": "Zoë",
	} {
		require.Equal(t, want, do(t, engine, http.MethodGet, path).Body.String(), path)
	}
}
