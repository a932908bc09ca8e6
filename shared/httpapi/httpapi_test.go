package httpapi_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/shared/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func setup(options ...httpapi.Options) (*gin.Engine, *bytes.Buffer) {
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, nil))
	engine := httpapi.NewEngine(log, options...)
	httpapi.RegisterPages(engine, "Test", []byte("openapi: 3.1.0\n"))
	router := httpapi.WithHead(engine)
	router.GET("/things/:name", func(c *gin.Context) { c.String(http.StatusOK, c.Param("name")) })
	router.GET("/panic", func(*gin.Context) { panic("secret") })
	router.GET("/broken", func(c *gin.Context) { httpapi.Internal(c, log, http.ErrBodyNotAllowed) })
	router.GET("/busy", func(c *gin.Context) {
		httpapi.Write(c, httpapi.Problem{
			Status: http.StatusServiceUnavailable, RetryAfter: 1100 * time.Millisecond,
			Errors: []httpapi.FieldError{{Field: "name", Limit: "1 to 200 characters", Detail: "The name is empty."}},
		})
	})
	router.GET("/json", httpapi.Produces("application/json"), func(c *gin.Context) {
		_ = httpapi.WriteTagged(c.Writer, c.Request, "application/json", []byte(`{"a":1}`))
	})
	router.GET("/list", httpapi.Compress, func(c *gin.Context) {
		c.Data(http.StatusOK, "application/json", []byte(strings.Repeat("x", len(c.Query("size"))*100)))
	})
	return engine, &text
}

// do sends a request; headers come in pairs.
func do(t *testing.T, engine http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	request.Header.Set("X-Request-ID", "id-1")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	engine.ServeHTTP(recorder, request)
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
		{
			http.MethodGet, "/nothing", 404, `{"type":"/problems/not-found","title":"Not found","status":404,` +
				`"detail":"There is nothing at this path.","request_id":"id-1"}`,
		},
		{
			http.MethodDelete, "/busy", 405, `{"type":"/problems/method-not-allowed","title":"The path does not take this method",` +
				`"status":405,"detail":"This path does not take DELETE; the Allow header lists what it takes.","request_id":"id-1"}`,
		},
		{
			http.MethodGet, "/busy", 503, `{"type":"/problems/unavailable","title":"Not available at the moment","status":503,` +
				`"request_id":"id-1","errors":[{"field":"name","limit":"1 to 200 characters","detail":"The name is empty."}]}`,
		},
		{http.MethodGet, "/panic", 500, `{"type":"/problems/internal-error","title":"A fault of the service","status":500,` +
			`"detail":"Something went wrong on our side; it has been logged.","request_id":"id-1"}`},
		{http.MethodGet, "/broken", 500, `{"type":"/problems/internal-error","title":"A fault of the service","status":500,` +
			`"detail":"Something went wrong on our side; it has been logged.","request_id":"id-1"}`},
	} {
		response := do(t, engine, tc.method, tc.path)
		require.Equal(t, tc.status, response.Code, tc.path)
		require.Equal(t, httpapi.ProblemType, response.Header().Get("Content-Type"))
		require.JSONEq(t, tc.body, response.Body.String())
	}
	require.Equal(t, "2", do(t, engine, http.MethodGet, "/busy").Header().Get("Retry-After"), "rounded up")
	require.Equal(t, "GET, HEAD, OPTIONS", do(t, engine, http.MethodPost, "/busy").Header().Get("Allow"))
}

func TestWhatIsInternalIsLoggedOnly(t *testing.T) {
	t.Parallel()
	engine, log := setup()
	require.NotContains(t, do(t, engine, http.MethodGet, "/panic").Body.String(), "secret")
	require.Contains(t, log.String(), "panic=secret")
	require.Contains(t, log.String(), "request_id=id-1")
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

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	engine, _ := setup()
	for _, sane := range []string{"a", "7f9c2ba4-e88f-827d-6160-4550", "AZaz09-_.:+/=", strings.Repeat("x", 128)} {
		require.Equal(t, sane, do(t, engine, http.MethodGet, "/nothing", "X-Request-ID", sane).Header().Get("X-Request-ID"))
	}
	seen := map[string]bool{}
	for _, other := range []string{"", " ", "a b", "<script>", "a\r\nb", "ö", strings.Repeat("x", 129)} {
		response := do(t, engine, http.MethodGet, "/nothing", "X-Request-ID", other)
		id := response.Header().Get("X-Request-ID")
		require.Regexp(t, `^[0-9a-f]{32}$`, id, "%q", other)
		require.Contains(t, response.Body.String(), `"request_id":"`+id+`"`)
		require.False(t, seen[id])
		seen[id] = true
	}
}

func TestHeadAndOptions(t *testing.T) {
	t.Parallel()
	engine, _ := setup()
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	head, err := server.Client().Head(server.URL + "/json")
	require.NoError(t, err)
	require.NoError(t, head.Body.Close())
	require.Equal(t, http.StatusOK, head.StatusCode)
	require.Equal(t, int64(7), head.ContentLength)
	require.NotEmpty(t, head.Header.Get("ETag"))

	options := do(t, engine, http.MethodOptions, "/json", "Origin", "https://a.example", "Access-Control-Request-Method", "GET")
	require.Equal(t, http.StatusNoContent, options.Code)
	require.Equal(t, "GET, HEAD, OPTIONS", options.Header().Get("Allow"))
	require.Empty(t, options.Header().Get("Access-Control-Allow-Origin"), "CORS is off")
	require.Empty(t, options.Body.String())
	require.Equal(t, http.StatusNotFound, do(t, engine, http.MethodOptions, "/nothing").Code)
}

// A path that a pattern for other methods fits, too.
func TestAPathThatTakesSomeMethodsOnly(t *testing.T) {
	t.Parallel()
	engine, _ := setup(httpapi.Options{AllowedOrigins: []string{"https://a.example"}})
	httpapi.Only(engine, "/boxes/batch", http.MethodPost)
	router := httpapi.WithHead(engine)
	answer := func(c *gin.Context) { c.Status(http.StatusOK) }
	router.GET("/boxes/:id", answer)
	router.POST("/boxes/batch", answer)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodTrace, "BREW"} {
		refused := do(t, engine, method, "/boxes/batch")
		require.Equal(t, http.StatusMethodNotAllowed, refused.Code, method)
		require.Equal(t, "OPTIONS, POST", refused.Header().Get("Allow"))
	}
	options := do(t, engine, http.MethodOptions, "/boxes/batch", "Origin", "https://a.example", "Access-Control-Request-Method", "POST")
	require.Equal(t, http.StatusNoContent, options.Code)
	require.Equal(t, "OPTIONS, POST", options.Header().Get("Allow"))
	require.Equal(t, "OPTIONS, POST", options.Header().Get("Access-Control-Allow-Methods"))
	require.Equal(t, http.StatusOK, do(t, engine, http.MethodPost, "/boxes/batch").Code)
	require.Equal(t, http.StatusOK, do(t, engine, http.MethodGet, "/boxes/7").Code)
}

func TestCORS(t *testing.T) {
	t.Parallel()
	const ours = "https://shop.example.com"
	for title, tc := range map[string]struct {
		allowed      []string
		origin, want string
	}{
		"allowed":    {[]string{"https://x.example", ours}, ours, ours},
		"other":      {[]string{ours}, "https://evil.example", ""},
		"no browser": {[]string{ours}, "", ""},
		"everyone":   {[]string{"*"}, "https://evil.example", "*"},
		"off":        {nil, ours, ""},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			engine, _ := setup(httpapi.Options{AllowedOrigins: tc.allowed})
			get := do(t, engine, http.MethodGet, "/json", "Origin", tc.origin)
			require.Equal(t, http.StatusOK, get.Code)
			require.Equal(t, tc.want, get.Header().Get("Access-Control-Allow-Origin"))
			require.Equal(t, tc.want != "", strings.Contains(get.Header().Get("Access-Control-Expose-Headers"), "Order-Token"))
			require.Equal(t, tc.allowed != nil && tc.want != "*", get.Header().Get("Vary") == "Origin", "caches must know")
			require.Equal(t, tc.want, do(t, engine, http.MethodGet, "/nothing", "Origin", tc.origin).Header().
				Get("Access-Control-Allow-Origin"), "errors can be read, too")

			preflight := do(t, engine, http.MethodOptions, "/json", "Origin", tc.origin, "Access-Control-Request-Method", "GET")
			require.Equal(t, http.StatusNoContent, preflight.Code)
			require.Equal(t, tc.want != "", preflight.Header().Get("Access-Control-Allow-Methods") == "GET, HEAD, OPTIONS")
			require.Equal(t, tc.want != "", strings.Contains(preflight.Header().Get("Access-Control-Allow-Headers"), "Idempotency-Key"))
		})
	}
}

func TestAccept(t *testing.T) {
	t.Parallel()
	engine, _ := setup()
	for accept, want := range map[string]int{
		"application/json": 200, "*/*": 200, "application/*": 200, "text/html, application/json;q=0.1": 200, "garbage": 200,
		"application/json; charset=utf-8": 200, "APPLICATION/JSON": 200, "text/html,*/*;q=0.8": 200,
		"text/html": 406, "application/xml, text/*": 406, "application/json;q=0": 406, "*/*, application/json;q=0": 406,
		"*/*;q=0": 406, "image/png;q=0.5": 406,
	} {
		require.Equal(t, want, do(t, engine, http.MethodGet, "/json", "Accept", accept).Code, accept)
	}
}

func TestETags(t *testing.T) {
	t.Parallel()
	engine, _ := setup()
	first := do(t, engine, http.MethodGet, "/json")
	tag := first.Header().Get("ETag")
	require.Regexp(t, `^"[A-Za-z0-9_-]{16}"$`, tag)
	for header, want := range map[string]int{
		tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, strings.Trim(tag, `"`): 200, "": 200,
	} {
		response := do(t, engine, http.MethodGet, "/json", "If-None-Match", header)
		require.Equal(t, want, response.Code, header)
		require.Equal(t, want == 304, response.Body.Len() == 0)
		require.Equal(t, tag, response.Header().Get("ETag"))
	}
}
