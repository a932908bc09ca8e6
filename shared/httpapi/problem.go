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

// Problem is an error as clients see it, RFC 9457.
type Problem struct {
	Type   string       `json:"type"`  // "about:blank" when the status says it all
	Title  string       `json:"title"` // the same for each problem of a type
	Status int          `json:"status"`
	Detail string       `json:"detail,omitempty"` // this case, for a person to act on
	Errors []FieldError `json:"errors,omitempty"` // each field at fault

	RetryAfter time.Duration `json:"-"` // sent as Retry-After in whole seconds, RFC 9110, section 10.2.3
}

// FieldError names a field and the limit that it broke.
type FieldError struct {
	Field  string `json:"field"`
	Limit  string `json:"limit,omitempty"`
	Detail string `json:"detail"`
}

// Write answers with a problem and ends the handler chain.
func Write(c *gin.Context, p Problem) {
	if p.Type == "" {
		p.Type = "about:blank"
	}
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	if p.RetryAfter > 0 {
		seconds := (p.RetryAfter + time.Second - 1) / time.Second
		c.Header("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	body, err := json.Marshal(p)
	if err != nil { // strings and numbers only: cannot be
		panic(err)
	}
	c.Header("Cache-Control", "no-store")
	c.Data(p.Status, ProblemType, body)
	c.Abort()
}
