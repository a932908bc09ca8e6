package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"ordertrack/shared/httpapi"
	"ordertrack/track_users/internal/adapters/httpapi/openapi"
	"ordertrack/track_users/internal/application/reading"
)

// defaultPage is how many users a page holds when the client does not say.
const defaultPage = 100

// listBody is a page of users. Next is the cursor of the page behind it.
type listBody struct {
	Users []userBody `json:"users"`
	Next  string     `json:"next_cursor,omitempty"`
}

var (
	sorts  = []string{reading.ByCounter: "counter", reading.ByName: "name", reading.ByCreation: "created_at"}
	orders = []string{"asc", "desc"}
)

// limits are the rules of the parameters that the generated code reads, for people.
var limits = map[string]string{"limit": fmt.Sprintf("1 to %d", reading.MaxPage)}

// ListUsers answers with a page. The parameters are read anew: what is not known, empty or given twice is refused.
func (h handler) ListUsers(c *gin.Context, _ openapi.ListUsersParams) {
	params, wrong := readParams(c.Request, "sort", "order", "limit", "cursor")
	sort := wrong.choice(params, "sort", sorts)
	q := reading.Query{Sort: reading.Sort(sort), Limit: wrong.number(params, "limit", defaultPage, 1, reading.MaxPage)}
	if params["order"] == "" {
		q.Descending = q.Sort == reading.ByCounter // whoever asks for counters wants the highest first
	} else {
		q.Descending = wrong.choice(params, "order", orders) == 1
	}
	if len(wrong.errors) > 0 {
		h.refuse(c, wrong)
		return
	}
	if text := params["cursor"]; text != "" {
		after, err := decodeCursor(q, text)
		if err != nil {
			httpapi.Write(c, httpapi.InvalidCursor.Problem("The cursor does not belong to this list. Follow the next link as it is."))
			return
		}
		q.After = &after
	}
	page, err := h.reader.List(c.Request.Context(), q)
	if err != nil {
		h.fail(c, err)
		return
	}
	body := listBody{Users: make([]userBody, len(page.Users))}
	for i, user := range page.Users {
		body.Users[i] = toBody(user)
	}
	if page.More {
		body.Next = encodeCursor(q, page.Users[len(page.Users)-1])
		c.Header("Link", fmt.Sprintf(`<%s>; rel="next"`, nextLink(q, body.Next)))
	}
	h.answer(c, body)
}

// nextLink is relative to the host, by whatever name the client knows it.
func nextLink(q reading.Query, cursor string) string {
	order := orders[0]
	if q.Descending {
		order = orders[1]
	}
	return usersPath + "?" + url.Values{
		"sort": {sorts[q.Sort]}, "order": {order}, "limit": {strconv.Itoa(q.Limit)}, "cursor": {cursor},
	}.Encode()
}

// wrongParams collects what is wrong with a request's parameters, so that a client learns of all at once.
type wrongParams struct{ errors []httpapi.FieldError }

func (w *wrongParams) add(field, limit, detail string) {
	w.errors = append(w.errors, httpapi.FieldError{Field: field, Limit: limit, Detail: detail})
}

// readParams reads the query. What is not known is refused: a filter that is mistyped must not read as none.
func readParams(r *http.Request, known ...string) (map[string]string, *wrongParams) {
	wrong, params := &wrongParams{}, map[string]string{}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		wrong.add("query", "", "The query is not percent-encoded as it must be.")
		return params, wrong
	}
	for key, given := range values {
		switch {
		case !slices.Contains(known, key):
			wrong.add(key, "one of "+strings.Join(known, ", "), "There is no such parameter here.")
		case len(given) > 1:
			wrong.add(key, "once", "The parameter is given more than once.")
		case given[0] == "":
			wrong.add(key, "not empty", "The parameter is empty; leave it out instead.")
		default:
			params[key] = given[0]
		}
	}
	slices.SortFunc(wrong.errors, func(a, b httpapi.FieldError) int { return strings.Compare(a.Field, b.Field) })
	return params, wrong
}

// choice is the index of the value among the choices; the first when there is none.
func (w *wrongParams) choice(params map[string]string, key string, choices []string) int {
	if params[key] == "" {
		return 0
	}
	i := slices.Index(choices, params[key])
	if i < 0 {
		w.add(key, strings.Join(choices, ", "), "The value is none of those that there are.")
	}
	return max(i, 0)
}

func (w *wrongParams) number(params map[string]string, key string, fallback, least, most int) int {
	text := params[key]
	if text == "" {
		return fallback
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most || strconv.Itoa(n) != text {
		w.add(key, fmt.Sprintf("%d to %d", least, most), "The value is not a whole number within the limit.")
		return fallback
	}
	return n
}

func (h handler) refuse(c *gin.Context, wrong *wrongParams) {
	problem := httpapi.Validation.Problem("The query breaks a rule; errors names each parameter.")
	problem.Errors = wrong.errors
	httpapi.Write(c, problem)
}
