package httpapi_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/httpapi"
)

func TestEachTypeOfProblemIsAPage(t *testing.T) {
	t.Parallel()
	engine, _ := setup()
	index := do(t, engine, http.MethodGet, "/problems")
	require.Equal(t, http.StatusOK, index.Code)
	seen := map[string]bool{}
	for _, kind := range httpapi.Kinds() {
		require.Regexp(t, `^[a-z-]+$`, kind.Slug)
		require.False(t, seen[kind.Slug], "one slug is one kind")
		seen[kind.Slug] = true
		page := do(t, engine, http.MethodGet, kind.Type())
		require.Equal(t, http.StatusOK, page.Code)
		require.Equal(t, "text/html; charset=utf-8", page.Header().Get("Content-Type"))
		require.Contains(t, page.Body.String(), "<h1 id=\""+kind.Slug+"\">")
		require.Contains(t, index.Body.String(), kind.Type())
		require.NotEmpty(t, kind.Problem("x").Title)
	}
	require.Equal(t, http.StatusNotFound, do(t, engine, http.MethodGet, "/problems/other").Code)
}

var reference = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

func TestTheViewerNeedsNoNetwork(t *testing.T) {
	t.Parallel()
	engine, _ := setup()
	document := do(t, engine, http.MethodGet, "/openapi.yaml")
	require.Equal(t, "openapi: 3.1.0\n", document.Body.String())
	require.Equal(t, "application/yaml", document.Header().Get("Content-Type"))
	page := do(t, engine, http.MethodGet, "/docs")
	require.Equal(t, http.StatusOK, page.Code)
	require.Contains(t, page.Body.String(), "/openapi.yaml")
	found := reference.FindAllStringSubmatch(page.Body.String(), -1)
	require.GreaterOrEqual(t, len(found), 5)
	for _, m := range found {
		require.True(t, strings.HasPrefix(m[1], "/docs/"), m[1])
		require.Equal(t, http.StatusOK, do(t, engine, http.MethodGet, m[1]).Code, m[1])
	}
	require.Equal(t, httpapi.ProblemType, do(t, engine, http.MethodGet, "/docs/other").Header().Get("Content-Type"))
}

func TestTooManyConnectionsAreAProblem(t *testing.T) {
	t.Parallel()
	response := httptest.NewRecorder()
	httpapi.Refuse().ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	require.Equal(t, http.StatusServiceUnavailable, response.Code)
	require.Equal(t, "1", response.Header().Get("Retry-After"))
	require.Contains(t, response.Body.String(), `"type":"/problems/unavailable"`)
	require.Contains(t, response.Body.String(), `"request_id":"`+response.Header().Get("X-Request-ID")+`"`)
}

// A compressed document has other bytes, and its tag says so; the tag is known again.
func TestTheDocumentIsCompressedForWhoTakesThat(t *testing.T) {
	t.Parallel()
	engine := httpapi.NewEngine(slog.New(slog.DiscardHandler))
	httpapi.RegisterPages(engine, "Test", bytes.Repeat([]byte("openapi: 3.1.0\n"), 100))
	packed := do(t, engine, http.MethodGet, "/openapi.yaml", "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", packed.Header().Get("Content-Encoding"))
	require.Less(t, packed.Body.Len(), 200)
	plain := do(t, engine, http.MethodGet, "/openapi.yaml")
	require.Empty(t, plain.Header().Get("Content-Encoding"))
	require.Equal(t, "W/"+plain.Header().Get("ETag"), packed.Header().Get("ETag"))
	again := do(t, engine, http.MethodGet, "/openapi.yaml", "Accept-Encoding", "gzip", "If-None-Match", packed.Header().Get("ETag"))
	require.Equal(t, http.StatusNotModified, again.Code)
	require.Zero(t, again.Body.Len())
}

func TestWhatIsNoRequestIsAProblem(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]httpapi.Kind{431: httpapi.HeaderTooLarge, 400: httpapi.BadRequest, 505: httpapi.BadRequest} {
		response := httptest.NewRecorder()
		httpapi.RefuseUnreadable(response, status)
		require.Equal(t, want.Status, response.Code)
		require.Equal(t, httpapi.ProblemType, response.Header().Get("Content-Type"))
		require.Contains(t, response.Body.String(), `"type":"`+want.Type()+`"`)
		require.Regexp(t, `^[0-9a-f]{32}$`, response.Header().Get("X-Request-ID"))
		require.Contains(t, response.Body.String(), `"request_id":"`+response.Header().Get("X-Request-ID")+`"`)
	}
}

// The server that a service runs answers so, over the wire.
func TestAHeaderThatIsTooLargeIsAProblem(t *testing.T) {
	t.Parallel()
	engine, _ := setup()
	server := httpapi.Access{MaxConnections: 10}.Server("127.0.0.1:0", engine, slog.New(slog.DiscardHandler))
	require.NoError(t, server.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.Addr()+"/json", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Cookie", strings.Repeat("x", 40<<10))
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, 431, response.StatusCode)
	require.Equal(t, httpapi.ProblemType, response.Header.Get("Content-Type"))
	require.Contains(t, string(body), `"type":"/problems/header-too-large"`)
}

func TestAccessSettings(t *testing.T) {
	t.Parallel()
	require.NoError(t, httpapi.Access{MaxConnections: 10, CORSOrigins: []string{"*", "http://localhost:3000"}}.CheckAccess())
	for _, wrong := range []string{"shop.example.com", "https://a.example/", "ftp://a.example", "https://", "null"} {
		require.ErrorContains(t, httpapi.Access{MaxConnections: 10, CORSOrigins: []string{wrong}}.CheckAccess(), "CORS_ORIGINS")
	}
	require.ErrorContains(t, httpapi.Access{MaxConnections: 9}.CheckAccess(), "HTTP_MAX_CONNECTIONS")
}
