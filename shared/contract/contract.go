// Package contract holds what tests got from an HTTP API against the API's document.
package contract

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"
)

// Document is an OpenAPI document that is known to be valid.
type Document struct {
	*openapi3.T

	router routers.Router
}

// Load reads an OpenAPI document, and checks it and its examples.
func Load(tb testing.TB, document []byte) *Document {
	tb.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(document)
	require.NoError(tb, err)
	require.NoError(tb, doc.Validate(tb.Context(), openapi3.EnableExamplesValidation()))
	router, err := gorillamux.NewRouter(doc)
	require.NoError(tb, err)
	return &Document{T: doc, router: router}
}

// Check holds an answer of what lies below /api/ against the document: its status must be listed, and its headers and
// body must be as they are described. A request that was answered with success must be as the document has it, too. What
// the document does not have must have been answered with 404 or 405.
func (d *Document) Check(tb testing.TB, request *http.Request, body []byte, answer *httptest.ResponseRecorder) {
	tb.Helper()
	if request.Method == http.MethodHead || request.Method == http.MethodOptions || !strings.HasPrefix(request.URL.Path, "/api/") {
		return
	}
	input := d.find(tb, request, body, answer.Code)
	if input == nil {
		return
	}
	if answer.Code < http.StatusBadRequest {
		require.NoError(tb, openapi3filter.ValidateRequest(tb.Context(), input), "the request that was taken")
	}
	require.NoError(tb, openapi3filter.ValidateResponse(tb.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.Code, Header: answer.Header(),
		Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes())), Options: input.Options,
	}))
	if answer.Code >= http.StatusBadRequest {
		require.Equal(tb, "application/problem+json", answer.Header().Get("Content-Type"))
	}
}

// find returns nil for what is not in the document, and was answered so.
func (d *Document) find(tb testing.TB, request *http.Request, body []byte, status int) *openapi3filter.RequestValidationInput {
	tb.Helper()
	asked := request.Clone(tb.Context())
	asked.Body = io.NopCloser(bytes.NewReader(body))
	asked.URL.Scheme, asked.URL.Host, asked.Host = "", "", "" // the document names no host
	route, parameters, err := d.router.FindRoute(asked)
	switch {
	case errors.Is(err, routers.ErrPathNotFound):
		require.Equal(tb, http.StatusNotFound, status, "%s %s", request.Method, request.URL)
		return nil
	case errors.Is(err, routers.ErrMethodNotAllowed):
		require.Equal(tb, http.StatusMethodNotAllowed, status, "%s %s", request.Method, request.URL)
		return nil
	}
	require.NoError(tb, err)
	return &openapi3filter.RequestValidationInput{
		Request: asked, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, SkipSettingDefaults: true},
	}
}
