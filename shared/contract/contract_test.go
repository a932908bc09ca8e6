package contract_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/shared/contract"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const document = `
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /api/things/{name}:
    get:
      parameters: [{name: name, in: path, required: true, schema: {type: string}}]
      responses:
        "200":
          description: A thing.
          headers: {ETag: {required: true, schema: {type: string}}}
          content: {application/json: {schema: {type: object, required: [a], additionalProperties: false, properties: {a: {const: 1}}}}}
`

// recording notes whether a check failed, as a test that runs it would.
type recording struct {
	testing.TB

	failed bool
}

func (r *recording) Errorf(string, ...any) { r.failed = true }
func (r *recording) FailNow()              { panic(r) }

func TestWhatIsNotAsTheDocumentHasItIsFound(t *testing.T) {
	t.Parallel()
	doc := contract.Load(t, []byte(document))
	for title, tc := range map[string]struct {
		method, path string
		status       int
		body         string
		header       http.Header
		fails        bool
	}{
		"as it must be":   {"GET", "/api/things/a%2Fb", 200, `{"a":1}`, http.Header{"Etag": {"x"}}, false},
		"no header":       {"GET", "/api/things/a", 200, `{"a":1}`, nil, true},
		"a wrong value":   {"GET", "/api/things/a", 200, `{"a":2}`, http.Header{"Etag": {"x"}}, true},
		"one too many":    {"GET", "/api/things/a", 200, `{"a":1,"b":2}`, http.Header{"Etag": {"x"}}, true},
		"a status unseen": {"GET", "/api/things/a", 202, `{"a":1}`, http.Header{"Etag": {"x"}}, true},
		"unknown path":    {"GET", "/api/other", 404, `{}`, nil, false},
		"answered":        {"GET", "/api/other", 200, `{}`, nil, true},
		"unknown method":  {"PUT", "/api/things/a", 405, `{}`, nil, false},
		"taken":           {"PUT", "/api/things/a", 200, `{}`, nil, true},
		"a page":          {"GET", "/docs", 200, `<html>`, nil, false},
	} {
		answer := httptest.NewRecorder()
		for key := range tc.header {
			answer.Header().Set(key, tc.header.Get(key))
		}
		answer.Header().Set("Content-Type", "application/json")
		answer.WriteHeader(tc.status)
		_, _ = answer.WriteString(tc.body)
		check := &recording{TB: t}
		func() {
			defer func() {
				if cause := recover(); cause != nil && cause != any(check) {
					panic(cause)
				}
			}()
			doc.Check(check, httptest.NewRequestWithContext(t.Context(), tc.method, tc.path, http.NoBody), nil, answer)
		}()
		require.Equal(t, tc.fails, check.failed, title)
	}
}
