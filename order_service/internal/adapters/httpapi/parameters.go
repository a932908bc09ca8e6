package httpapi

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"ordertrack/order_service/internal/adapters/httpapi/openapi"
	"ordertrack/order_service/internal/application/reading"
	"ordertrack/shared/httpapi"
	"ordertrack/shared/name"
)

const (
	fieldID     = "id"
	fieldLimit  = "limit"
	fieldCursor = "cursor"
	fieldAfter  = "created_after"
	fieldBefore = "created_before"

	defaultLimit = 100
	maxLimit     = 1000
)

// limits are the rules of the parameters, as a client reads them.
var limits = map[string]string{
	fieldID:     "a whole number from 1",
	fieldLimit:  fmt.Sprintf("a whole number from 1 to %d", maxLimit),
	fieldName:   "a legal name, given once",
	fieldCursor: "from a next link, given once",
	fieldAfter:  "a time such as 2026-11-24T12:00:00Z (RFC 3339), given once",
	fieldBefore: "a time such as 2026-11-24T12:00:00Z (RFC 3339), given once",
}

// list is what a client wants to see.
type list struct {
	filter reading.Filter
	cursor string
	limit  int
}

// listOf checks what the generated code does not. An unknown parameter is refused, and an empty one: a filter that is
// misspelt, or whose value got lost, would else be no filter.
func listOf(query string, params openapi.ListOrdersParams) (list, error) {
	given, err := url.ParseQuery(query)
	if err != nil {
		return list{}, &refusal{httpapi.BadRequest.Problem("The query of the address is not percent-encoded as it must be.")}
	}
	for _, parameter := range slices.Sorted(maps.Keys(given)) {
		if _, known := limits[parameter]; !known || parameter == fieldID {
			return list{}, refused(httpapi.FieldError{
				Field: fmt.Sprintf("%.100s", parameter), Limit: "name, created_after, created_before, limit and cursor only",
				Detail: fmt.Sprintf("There is no parameter %.100q.", parameter),
			})
		}
		if given.Get(parameter) == "" { // the generated code takes it for one that is not there
			return list{}, wrong(parameter, "The parameter is empty; leave it out instead.")
		}
	}
	l := list{limit: defaultLimit}
	if params.Limit != nil {
		l.limit = *params.Limit
	}
	if l.limit < 1 || l.limit > maxLimit {
		return list{}, wrong(fieldLimit, fmt.Sprintf("The limit is %d.", l.limit))
	}
	if params.Cursor != nil {
		l.cursor = *params.Cursor
	}
	l.filter, err = filterOf(params)
	return l, err
}

func filterOf(params openapi.ListOrdersParams) (reading.Filter, error) {
	var filter reading.Filter
	if params.Name != nil {
		parsed, err := name.Parse(*params.Name)
		if err != nil {
			return filter, refused(httpapi.FieldError{
				Field: fieldName, Limit: name.Limit(err), Detail: fmt.Sprintf("The name %v.", err),
			})
		}
		filter.Name = parsed
	}
	if params.CreatedAfter != nil {
		filter.After = ceil(*params.CreatedAfter)
	}
	if params.CreatedBefore != nil {
		filter.Before = ceil(*params.CreatedBefore)
	}
	return filter, nil
}

// ceil gives the next whole microsecond: of the log's times the same are at or past it.
func ceil(t time.Time) time.Time {
	t = t.UTC()
	if whole := t.Truncate(time.Microsecond); !whole.Equal(t) {
		return whole.Add(time.Microsecond)
	}
	return t
}

func refused(errs ...httpapi.FieldError) error { return &refusal{*badFields(errs)} }

func wrong(parameter, detail string) error {
	return refused(httpapi.FieldError{Field: parameter, Limit: limits[parameter], Detail: detail})
}

// parameterError is how the generated code names the parameter that it could not read.
var parameterError = regexp.MustCompile(`^(?:Invalid format for parameter|Expected one value for) ([A-Za-z_-]+)`)

// failParameter answers for a parameter that the generated code could not read.
func failParameter(c *gin.Context, err error, _ int) {
	parameter := "parameter"
	if m := parameterError.FindStringSubmatch(err.Error()); m != nil {
		parameter = m[1]
	}
	httpapi.Write(c, *badFields([]httpapi.FieldError{{
		Field: parameter, Limit: limits[parameter],
		Detail: "The value of " + strings.ReplaceAll(parameter, "_", " ") + " cannot be read.",
	}}))
}
