package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"
)

// The types of problems that programs tell apart; docs/problems.md says what each means, and what to do.
const (
	BadRequest           = "/problems/bad-request"
	Validation           = "/problems/validation"
	InvalidCursor        = "/problems/invalid-cursor"
	NotFound             = "/problems/not-found"
	MethodNotAllowed     = "/problems/method-not-allowed"
	NotAcceptable        = "/problems/not-acceptable"
	KeyInFlight          = "/problems/idempotency-key-in-flight"
	ContentTooLarge      = "/problems/content-too-large"
	UnsupportedMediaType = "/problems/unsupported-media-type"
	KeyReused            = "/problems/idempotency-key-reused"
	TooManyRequests      = "/problems/too-many-requests"
	HeaderTooLarge       = "/problems/header-too-large"
	InternalError        = "/problems/internal-error"
	Unavailable          = "/problems/unavailable"
	OrderNotStored       = "/problems/order-not-stored"
	OrderMayExist        = "/problems/order-may-exist"
	NotCountedYet        = "/problems/not-counted-yet"
)

// noType is the type of an error that does not come from the services, such as a proxy's, RFC 9457, section 4.2.1.
const noType = "about:blank"

// Problem is an error that was answered, RFC 9457.
type Problem struct { //nolint:errname // RFC 9457 calls it so
	Type      string       `json:"type"`   // one of the constants; about:blank of what stands before a service
	Title     string       `json:"title"`  // the same for all of a type
	Status    int          `json:"status"` // HTTP's
	Detail    string       `json:"detail"` // what to know about this case; empty for nothing
	RequestID string       `json:"request_id"`
	Fields    []FieldError `json:"errors"` // each field at fault

	// RetryAfter is how long the service asked to be left alone; 0 when it did not say.
	RetryAfter time.Duration `json:"-"`
}

// FieldError is a field, parameter or header that broke a rule.
type FieldError struct {
	Index  *int   `json:"index"` // which order of a batch, from 0
	Field  string `json:"field"`
	Limit  string `json:"limit"` // the rule; empty when it is no limit
	Detail string `json:"detail"`
}

// Error is one line.
func (p *Problem) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d %s", p.Status, p.Title)
	switch {
	case len(p.Fields) > 0:
		for _, field := range p.Fields {
			text.WriteString("; " + field.String())
		}
	case p.Detail != "":
		text.WriteString(": " + p.Detail)
	}
	if p.RequestID != "" {
		text.WriteString(" (request " + p.RequestID + ")")
	}
	return text.String()
}

func (f FieldError) String() string {
	name := f.Field
	if f.Index != nil {
		name = fmt.Sprintf("%s of order %d", f.Field, *f.Index)
	}
	if f.Limit == "" {
		return name + ": " + f.Detail
	}
	return fmt.Sprintf("%s: %s (%s)", name, f.Detail, f.Limit)
}

// Is tells whether the error is a problem of this type.
func Is(err error, problemType string) bool {
	var problem *Problem
	return errors.As(err, &problem) && problem.Type == problemType
}

// toProblem reads an answer that is no success. What is not problem+json comes from something before the service: its
// status is all that is kept.
func toProblem(response *http.Response, body []byte) *Problem {
	problem := &Problem{}
	media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || media != "application/problem+json" || json.Unmarshal(body, problem) != nil || problem.Type == "" {
		*problem = Problem{Type: noType, Title: http.StatusText(response.StatusCode), RequestID: response.Header.Get("X-Request-ID")}
	}
	problem.Status = response.StatusCode
	problem.RetryAfter = retryAfter(response.Header.Get("Retry-After"), time.Now())
	return problem
}

// UnknownOutcome says that the order, or the batch, may have been placed or not. To be sure, place the same again with
// the key, within 24 hours: if it was placed, nothing is placed again, and the answer is the first one.
type UnknownOutcome struct { //nolint:errname // it is no failure for certain
	Key string
	Err error // what ended the last try
}

// Error is one line.
func (u *UnknownOutcome) Error() string {
	return "the order may have been placed: send the same again with the key " + u.Key + " to be sure: " + u.Err.Error()
}

// Unwrap gives what ended the last try.
func (u *UnknownOutcome) Unwrap() error { return u.Err }
