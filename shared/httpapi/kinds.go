package httpapi

import (
	"net/http"
	"slices"
)

// typePrefix is where the types of problems are: relative references with a full path, as RFC 9457, section 3.1.1 has
// them, since a service does not know by which name its clients reach it. Each is also a page that a person can read.
const typePrefix = "/problems/"

// Kind is a type of problem. Programs tell problems apart by it, so slugs never change.
type Kind struct {
	Slug    string // last part of the type
	Status  int
	Title   string // the same each time
	Meaning string // what has happened, for a person
	Remedy  string // what a client can do
}

// Type is the type URI, RFC 9457, section 3.1.1: a path on the service that answered.
func (k Kind) Type() string { return typePrefix + k.Slug }

// Problem makes a problem of this kind; detail is about this case.
func (k Kind) Problem(detail string) Problem {
	return Problem{Type: k.Type(), Title: k.Title, Status: k.Status, Detail: detail}
}

// The kinds that belong to a status: any request may meet them.
var (
	BadRequest = Kind{
		"bad-request", http.StatusBadRequest, "The request cannot be read",
		"The body is not what it must be (one JSON object in UTF-8, no member twice), or it did not arrive in full; or the " +
			"request is not HTTP/1.1 as it must be.",
		"Mend the request as detail says. The same request will be refused again.",
	}
	Validation = Kind{
		"validation", http.StatusBadRequest, "The request breaks a rule",
		"The request can be read, but some of what it says is not allowed. Each entry of errors names a field, a parameter " +
			"or a header, and the limit that it broke; in a batch also the index of the order, from 0.",
		"Mend each field that errors names. The same request will be refused again.",
	}
	InvalidCursor = Kind{
		"invalid-cursor", http.StatusBadRequest, "The cursor is not valid here",
		"The cursor was not made by this service, was changed on its way, or belongs to a list with other filters.",
		"Follow the next link of a page as it is, or begin again without a cursor.",
	}
	NotFound = Kind{
		"not-found", http.StatusNotFound, "Not found",
		"There is nothing at this path, or no such order or user.",
		"Check the path. /docs lists what there is.",
	}
	MethodNotAllowed = Kind{
		"method-not-allowed", http.StatusMethodNotAllowed, "The path does not take this method",
		"The path is right, the method is not.",
		"Use one of the methods in the Allow header.",
	}
	NotAcceptable = Kind{
		"not-acceptable", http.StatusNotAcceptable, "No such representation",
		"The Accept header leaves out every media type that this path can answer with.",
		"Accept application/json (and application/problem+json for errors), or leave the header out.",
	}
	ContentTooLarge = Kind{
		"content-too-large", http.StatusRequestEntityTooLarge, "The body is too large",
		"The body is larger than this path takes. Nothing of it was stored.",
		"Send less at once; detail names the limit.",
	}
	UnsupportedMediaType = Kind{
		"unsupported-media-type", http.StatusUnsupportedMediaType, "The body is of an unsupported kind",
		"The body is not declared as application/json in UTF-8, or it is compressed.",
		"Send Content-Type: application/json, and no Content-Encoding.",
	}
	TooManyRequests = Kind{
		"too-many-requests", http.StatusTooManyRequests, "Too many requests",
		"More is asked at once than this service allows.",
		"Wait for as many seconds as Retry-After says, then send the request again.",
	}
	HeaderTooLarge = Kind{
		"header-too-large", http.StatusRequestHeaderFieldsTooLarge, "The header is too large",
		"The request line and the header together are larger than the service takes: 32 KiB.",
		"Send less in the header: cookies, for one, mean nothing here. The connection is closed.",
	}
	InternalError = Kind{
		"internal-error", http.StatusInternalServerError, "A fault of the service",
		"Something went wrong that the client cannot mend. It is in the service's log, under the request id.",
		"Tell the operators the request_id. Orders that were answered so may exist.",
	}
	Unavailable = Kind{
		"unavailable", http.StatusServiceUnavailable, "Not available at the moment",
		"The service cannot answer now: its database is away, or too many connections are open.",
		"Wait for as many seconds as Retry-After says, then send the request again.",
	}
	NotCountedYet = Kind{
		"not-counted-yet", http.StatusGatewayTimeout, "The order is not counted yet",
		"The request waited for an order to be counted, and the wait is over.",
		"Ask again. The order is not lost: it is counted as soon as its event arrives.",
	}
)

// The kinds of placing orders.
var (
	OrderNotStored = Kind{
		"order-not-stored", http.StatusServiceUnavailable, "The order was not stored",
		"The service cannot take the order at the moment. It is certain that nothing was stored.",
		"Send it again after as many seconds as Retry-After says.",
	}
	OrderMayExist = Kind{
		"order-may-exist", http.StatusServiceUnavailable, "The order may exist",
		"The database did not say in time whether the order was stored.",
		"With an Idempotency-Key, send the same request again: it makes no second order. Without one, sending it again may " +
			"order twice.",
	}
	KeyReused = Kind{
		"idempotency-key-reused", http.StatusUnprocessableEntity, "The Idempotency-Key belongs to another request",
		"A request with this Idempotency-Key was taken before, and it had another body or path. Nothing was stored now.",
		"Use a new key for each new order, and the same body for each retry.",
	}
	KeyInFlight = Kind{
		"idempotency-key-in-flight", http.StatusConflict, "A request with this Idempotency-Key is under way",
		"The first request with this key is not answered yet.",
		"Wait for as many seconds as Retry-After says, then send the request again: it gets the first one's answer.",
	}
)

// ofStatus are the kinds that a problem without a type of its own has, by its status.
var ofStatus = byStatus(kinds)

var kinds = []Kind{
	BadRequest, Validation, InvalidCursor, NotFound, MethodNotAllowed, NotAcceptable, KeyInFlight, ContentTooLarge,
	UnsupportedMediaType, KeyReused, TooManyRequests, HeaderTooLarge, InternalError, Unavailable, OrderNotStored, OrderMayExist,
	NotCountedYet,
}

// byStatus takes the first of each status.
func byStatus(kinds []Kind) map[int]Kind {
	first := make(map[int]Kind, len(kinds))
	for _, kind := range kinds {
		if _, taken := first[kind.Status]; !taken {
			first[kind.Status] = kind
		}
	}
	return first
}

// Kinds are all types of problems that the two services answer with, by status.
func Kinds() []Kind { return slices.Clone(kinds) }
