package httpapi

import (
	"time"

	"ordertrack/shared/httpapi"
)

// retryAfter is what a client is told to wait when trying again can help.
const retryAfter = time.Second

var notStored = again(httpapi.OrderNotStored.Problem(
	"The service cannot take the order at the moment. Nothing was stored: send it again later."))

// mayExist has no Retry-After: whoever repeats it without asking may order twice.
var mayExist = httpapi.OrderMayExist.Problem(
	"It could not be found out in time whether the order was stored: it may exist. Sending it again may order twice.")

// mayExistKeyed is for who can repeat it without ordering twice.
var mayExistKeyed = again(httpapi.OrderMayExist.Problem(
	"It could not be found out in time whether the order was stored. Send it again with the same Idempotency-Key: it makes no second order."))

func again(p httpapi.Problem) httpapi.Problem {
	p.RetryAfter = retryAfter
	return p
}

func unsupported(detail string) *httpapi.Problem {
	return new(httpapi.UnsupportedMediaType.Problem(detail))
}

// badBody is about the body as a whole.
func badBody(detail string) *httpapi.Problem { return new(httpapi.BadRequest.Problem(detail)) }

// badFields is about each field that broke a rule.
func badFields(errs []httpapi.FieldError) *httpapi.Problem {
	p := httpapi.Validation.Problem("Each entry of errors names a field and the limit that it broke.")
	p.Errors = errs
	return &p
}
