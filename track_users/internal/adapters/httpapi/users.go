package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"ordertrack/shared/httpapi"
	"ordertrack/shared/name"
	"ordertrack/track_users/internal/adapters/httpapi/openapi"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/application/reporting"
	"ordertrack/track_users/internal/application/waiting"
	"ordertrack/track_users/internal/domain"
)

// retryAfter is what a client is told to wait while the database is away.
const retryAfter = time.Second

// nameOf takes the name from the path as it was sent. gin would decode it as if it stood in a query, where a plus sign
// means a space.
func nameOf(r *http.Request) (string, error) {
	return url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), usersPath+"/"))
}

// userBody is a user as clients see one.
type userBody struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	Counter   int64     `json:"counter"`
	CreatedAt time.Time `json:"created_at"`
}

func toBody(u domain.User) userBody {
	return userBody{ID: u.ID, Name: u.Name.String(), Counter: u.Counter, CreatedAt: u.CreatedAt.UTC()}
}

// GetUser answers with a user. The name is taken from the path itself: see nameOf.
func (h handler) GetUser(c *gin.Context, _ string, _ openapi.GetUserParams) { h.user(c) }

func (h handler) user(c *gin.Context) {
	raw, err := nameOf(c.Request)
	if err != nil {
		h.fail(c, err)
		return
	}
	if !h.await(c, raw) {
		return
	}
	user, err := h.reader.User(c.Request.Context(), raw)
	if err != nil {
		h.fail(c, err)
		return
	}
	h.answer(c, toBody(user))
}

// await waits for what the request wants to be waited for, and tells whether there is still an answer to give.
func (h handler) await(c *gin.Context, raw string) bool {
	wish, wrong := wishOf(c.Request)
	if len(wrong.errors) > 0 {
		h.refuse(c, wrong)
		return false
	}
	if wish == nil {
		return true
	}
	if _, err := name.Parse(raw); err != nil { // before the wait rather than after it
		h.fail(c, err)
		return false
	}
	keepReading(c)
	if err := h.waiter.Wait(c.Request.Context(), wish.place, wish.limit); err != nil {
		h.fail(c, err)
		return false
	}
	return true
}

// answer writes what the next order makes stale.
func (h handler) answer(c *gin.Context, content any) {
	body, err := json.Marshal(content)
	if err != nil {
		h.fail(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, jsonType, body)
}

// fail is the one place where errors become answers.
func (h handler) fail(c *gin.Context, err error) {
	if c.Request.Context().Err() != nil {
		c.Abort() // the client has gone: nobody to answer, and nothing to tell
		return
	}
	switch {
	case errors.Is(err, reading.ErrNotFound):
		httpapi.Write(c, httpapi.Problem{
			Status: http.StatusNotFound, Detail: "No order was counted for a user of this name.",
		})
	case name.Limit(err) != "":
		httpapi.Write(c, httpapi.Problem{
			Status: http.StatusBadRequest, Detail: "The path does not hold a legal name.",
			Errors: []httpapi.FieldError{{Field: "name", Limit: name.Limit(err), Detail: fmt.Sprintf("The name %v.", err)}},
		})
	case errors.Is(err, waiting.ErrNotYet):
		notYet(c)
	case errors.Is(err, waiting.ErrStopping):
		httpapi.Write(c, httpapi.Problem{
			Status: http.StatusServiceUnavailable, RetryAfter: retryAfter, Detail: "This replica is stopping; ask again.",
		})
	case errors.Is(err, waiting.ErrUnavailable): // the watcher has told the log
		httpapi.Write(c, httpapi.Problem{
			Status: http.StatusServiceUnavailable, RetryAfter: retryAfter,
			Detail: "It cannot be known now whether the order is counted; try again.",
		})
	case errors.Is(err, reporting.ErrUnavailable):
		h.log.WarnContext(c.Request.Context(), "cannot read the progress", "error", err)
		httpapi.Write(c, httpapi.Problem{
			Status: http.StatusServiceUnavailable, RetryAfter: retryAfter, Detail: "The progress cannot be read now; try again.",
		})
	case errors.Is(err, reading.ErrUnavailable):
		h.log.WarnContext(c.Request.Context(), "cannot read users", "error", err)
		httpapi.Write(c, httpapi.Problem{
			Status: http.StatusServiceUnavailable, RetryAfter: retryAfter, Detail: "Users cannot be read now; try again.",
		})
	default:
		httpapi.Internal(c, h.log, err)
	}
}
