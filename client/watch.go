package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/tmaxmax/go-sse"

	"ordertrack/client/usersapi"
	"ordertrack/shared/backoff"
)

const (
	// silence is how long nothing may come on a stream; track_users gives a sign of life every 15 s.
	silence = 45 * time.Second
	// maxEvent bounds one event, in bytes: 10,000 users with long names are below.
	maxEvent = 16 << 20
)

var (
	errSilent = fmt.Errorf("nothing came on the stream for %v", silence)
	errEnded  = errors.New("the stream has ended")
	errLeft   = errors.New("nobody takes the changes")
)

// Change is what a stream says. One with no users that is not Missed is a sign of life; the first one says that the
// stream has begun.
type Change struct {
	Users    []User // those whose counters have changed, as they are now
	Missed   bool   // changes were missed: what is shown is to be read anew
	Position string // where to go on from
}

// Watch follows the counters live, until the context ends or nobody takes the changes. It goes on behind a position of
// an earlier Change, which must be less than a minute old to miss nothing, or from now when that is empty. When the
// connection fails it connects again by itself and goes on where it was. After an error there are no more changes: the
// context's cause, a *Problem, or why connecting failed as often as there are attempts.
func (u *Users) Watch(ctx context.Context, position string) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		w := watch{users: u, position: position, yield: yield}
		for times := 1; ; times++ {
			came := w.came
			err := w.follow(ctx)
			if errors.Is(err, errLeft) {
				return
			}
			if w.came > came {
				times = 1
			}
			pause, ok := u.retrier.again(ctx, err, times)
			if ok {
				u.retrier.notice(Retry{Err: err, Attempt: times, Pause: pause})
				ok = backoff.Sleep(ctx, pause) == nil
			}
			if !ok {
				yield(Change{}, withCause(ctx, err))
				return
			}
		}
	}
}

// watch is one stream over its connections.
type watch struct {
	users    *Users
	position string
	came     int // how many changes
	yield    func(Change, error) bool
}

// follow hands on what comes on one connection, until that fails: there is always an error.
func (w *watch) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alarm := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer alarm.Stop()
	request, err := usersapi.NewFollowUsersRequest(w.users.api.Server, &usersapi.FollowUsersParams{LastEventID: optional(w.position)})
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := w.users.retrier.http.Do(request.WithContext(ctx))
	if err != nil {
		return withCause(ctx, err)
	}
	defer func() { _ = response.Body.Close() }() // nothing is lost with it
	if response.StatusCode != http.StatusOK {
		body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		if err != nil {
			return at(request, withCause(ctx, err))
		}
		return at(request, toProblem(response, body))
	}
	stream := &heard{from: response.Body, onRead: func() { alarm.Reset(silence) }}
	for event, err := range sse.Read(stream, &sse.ReadConfig{MaxEventSize: maxEvent}) {
		if err == nil {
			err = w.tell(event)
		}
		if err != nil {
			return at(request, withCause(ctx, err))
		}
	}
	return at(request, withCause(ctx, errEnded))
}

// tell hands an event on. Events of a kind that is not known yet are signs of life.
func (w *watch) tell(event sse.Event) error {
	change := Change{Missed: event.Type == "missed"}
	if event.Type == "users" {
		var body struct {
			Users []User `json:"users"`
		}
		if err := json.Unmarshal([]byte(event.Data), &body); err != nil {
			return fmt.Errorf("read the event: %w", err)
		}
		change.Users = body.Users
	}
	if event.LastEventID != "" {
		w.position = event.LastEventID
	}
	change.Position = w.position
	w.came++
	if !w.yield(change, nil) {
		return errLeft
	}
	return nil
}

// heard tells of what is read.
type heard struct {
	from   io.Reader
	onRead func()
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.from.Read(p)
	if n > 0 {
		h.onRead()
	}
	return n, err
}
