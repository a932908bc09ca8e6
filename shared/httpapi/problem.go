// Package httpapi is what the two HTTP APIs share: one shape of error, and a gin engine that uses it everywhere.
package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
)

// ProblemType is the media type of errors, RFC 9457.
const ProblemType = "application/problem+json"

// Problem is an error as clients see it, RFC 9457. Kinds make problems; one that is made with a status only is of that
// status' own kind.
type Problem struct {
	Type      string       `json:"type"`  // of its kind
	Title     string       `json:"title"` // of its kind
	Status    int          `json:"status"`
	Detail    string       `json:"detail,omitempty"` // this case, for a person to act on
	RequestID string       `json:"request_id,omitempty"`
	Errors    []FieldError `json:"errors,omitempty"` // each field at fault

	RetryAfter time.Duration `json:"-"` // sent as Retry-After in whole seconds, RFC 9110, section 10.2.3
}

// FieldError names a field and the limit that it broke.
type FieldError struct {
	Index  *int   `json:"index,omitempty"` // of the order in a batch, from 0
	Field  string `json:"field"`
	Limit  string `json:"limit,omitempty"`
	Detail string `json:"detail"`
}

// Write answers with a problem and ends the handler chain.
func Write(c *gin.Context, p Problem) {
	write(c.Writer, p)
	c.Abort()
}

func write(w http.ResponseWriter, p Problem) {
	if p.Type == "" {
		kind := ofStatus[p.Status]
		p.Type, p.Title = kind.Type(), kind.Title
	}
	header := w.Header()
	p.RequestID = header.Get(requestIDHeader)
	if p.RetryAfter > 0 {
		seconds := (p.RetryAfter + time.Second - 1) / time.Second
		header.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	body, err := json.Marshal(p)
	if err != nil { // strings and numbers only: cannot be
		panic(err)
	}
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Type", ProblemType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // a client that has gone gets no answer
}

// Refuse answers every request with 503: for the connections that are too many.
func Refuse() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(requestIDHeader, idOf(r.Header))
		problem := Unavailable.Problem("Too many connections are open. This one is closed; try again.")
		problem.RetryAfter = time.Second
		write(w, problem)
	})
}

// RefuseUnreadable answers what net/http could not read as a request, and had refused with status. Whose request it was
// is not known: the answer has an id of its own.
func RefuseUnreadable(w http.ResponseWriter, status int) {
	w.Header().Set(requestIDHeader, idOf(nil))
	if status == http.StatusRequestHeaderFieldsTooLarge {
		write(w, HeaderTooLarge.Problem("The request line and the header together may have 32 KiB. The connection is closed."))
		return
	}
	write(w, BadRequest.Problem("This is not a request of HTTP/1.1 as it must be. The connection is closed."))
}
