package httpapi

import (
	"net/http"
	"time"

	"ordertrack/shared/httpapi"
)

// The types of problems that a program may want to tell apart, RFC 9457.
const (
	typeInvalid   = "urn:ordertrack:problem:invalid-order"
	typeNotStored = "urn:ordertrack:problem:order-not-stored"
	typeMayExist  = "urn:ordertrack:problem:order-may-exist"
)

var notStored = httpapi.Problem{
	Type:       typeNotStored,
	Title:      "The order was not stored",
	Status:     http.StatusServiceUnavailable,
	Detail:     "The service cannot take the order at the moment. Nothing was stored: send it again later.",
	RetryAfter: time.Second,
}

// mayExist has no Retry-After: whoever repeats it without asking may order twice.
var mayExist = httpapi.Problem{
	Type:   typeMayExist,
	Title:  "The order may exist",
	Status: http.StatusServiceUnavailable,
	Detail: "It could not be found out in time whether the order was stored: it may exist. Sending it again may order twice.",
}

func unsupported(detail string) *httpapi.Problem {
	return &httpapi.Problem{Status: http.StatusUnsupportedMediaType, Detail: detail}
}

// badBody is about the body as a whole.
func badBody(detail string) *httpapi.Problem {
	return &httpapi.Problem{Status: http.StatusBadRequest, Detail: detail}
}

// badFields is about each field that broke a rule.
func badFields(errs []httpapi.FieldError) *httpapi.Problem {
	return &httpapi.Problem{
		Type: typeInvalid, Title: "The order is not valid", Status: http.StatusBadRequest,
		Detail: "Each entry of errors names a field and the limit that it broke.", Errors: errs,
	}
}
