package httpapi

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"github.com/gin-gonic/gin"

	"ordertrack/shared/httpapi"
	"ordertrack/shared/ordertoken"
	"ordertrack/track_users/internal/domain"
)

// How long a request may wait for an order to be counted.
const (
	defaultWait = 5 * time.Second
	maxWait     = 30 * time.Second
)

// Waiter waits until an order is counted. Errors: those of waiting.Watcher.
type Waiter interface {
	Wait(ctx context.Context, place domain.Place, limit time.Duration) error
}

// wish is what a request waits for; nil for nothing.
type wish struct {
	place domain.Place
	limit time.Duration
}

// wishOf reads the parameters after and wait.
func wishOf(r *http.Request) (*wish, *wrongParams) {
	params, wrong := readParams(r, "after", "wait")
	if params["after"] == "" {
		if params["wait"] != "" {
			wrong.add("wait", "with after only", "There is nothing to wait for: the parameter after is missing.")
		}
		return nil, wrong
	}
	token, err := ordertoken.Decode(params["after"])
	if err != nil {
		wrong.add("after", "an Order-Token", "The value is not an Order-Token, or was changed on its way.")
	}
	w := &wish{
		place: domain.Place{Lane: domain.Lane{Source: token.Source(), Number: token.Lane}, Sequence: token.Sequence},
		limit: defaultWait,
	}
	if text := params["wait"]; text != "" {
		limit, err := parseWait(text)
		if err != nil || limit > maxWait {
			wrong.add("wait", "0s to 30s", "The value is not a time such as 500ms or 5s within the limit.")
		}
		w.limit = limit
	}
	return w, wrong
}

var waitForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,4})(ms|s)$`)

var errWaitForm = &time.ParseError{Message: "not a number of ms or s"}

func parseWait(text string) (time.Duration, error) {
	if !waitForm.MatchString(text) {
		return 0, errWaitForm
	}
	return time.ParseDuration(text)
}

// keepReading lifts the server's limit on reading a request: it would take a client that waits for one that has gone. A
// request with a body keeps it: the body is read before the answer is written, and may be sent byte by byte for ever.
func keepReading(c *gin.Context) {
	if c.Request.ContentLength == 0 {
		_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Time{}) // a writer without one has no limit
	}
}

// notYet answers a wait that is over.
func notYet(c *gin.Context) {
	problem := httpapi.NotCountedYet.Problem("The order was not counted within the wait. It is not lost: ask again.")
	problem.RetryAfter = retryAfter
	httpapi.Write(c, problem)
}
