package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ordertrack/client/usersapi"
)

type (
	// User is a user and how many orders were counted.
	User = usersapi.User
	// Stats is what was counted, and what is still to do.
	Stats = usersapi.Stats
	// Progress is how far each lane is applied, and each partition read.
	Progress = usersapi.Progress
)

// maxWait is how long track_users lets one request wait.
const maxWait = 30 * time.Second

// Users is a client of track_users. It may be used concurrently.
type Users struct {
	opts    options
	retrier *retrier
	api     *usersapi.Client
	waiting *usersapi.Client // its attempts may take maxWait longer
}

// NewUsers makes a client for the base URL of track_users' API, such as http://localhost:8081.
func NewUsers(baseURL string, opts ...Option) (*Users, error) {
	if err := checkBase(baseURL); err != nil {
		return nil, fmt.Errorf("track_users: %w", err)
	}
	u := &Users{opts: read(opts)}
	u.retrier = u.opts.retrier()
	patient := *u.retrier
	patient.timeout += maxWait
	var err error
	if u.api, err = usersapi.NewClient(baseURL, usersapi.WithHTTPClient(u.retrier)); err != nil {
		return nil, fmt.Errorf("track_users: %w", err)
	}
	if u.waiting, err = usersapi.NewClient(baseURL, usersapi.WithHTTPClient(&patient)); err != nil {
		return nil, fmt.Errorf("track_users: %w", err)
	}
	return u, nil
}

// Close ends the connections that are kept open.
func (u *Users) Close() { u.opts.close() }

// Get looks a user up. Errors: a *Problem, of the type NotFound when no order was counted for the name.
func (u *Users) Get(ctx context.Context, name string) (User, error) {
	return answer[User](u.api.GetUser(ctx, name, &usersapi.GetUserParams{}, dotted(name)))
}

// After looks a user up once the order with this token is counted, and waits for it so long: with several requests when
// that is longer than track_users waits for one. Errors: those of Get, and a *Problem of the type NotCountedYet.
func (u *Users) After(ctx context.Context, name, token string, wait time.Duration) (User, error) {
	for begin := time.Now(); ; {
		left := max(0, wait-time.Since(begin))
		turn := strconv.FormatInt(min(left, maxWait).Milliseconds(), 10) + "ms"
		user, err := answer[User](u.waiting.GetUser(ctx, name, &usersapi.GetUserParams{After: &token, Wait: &turn}, dotted(name)))
		if left <= maxWait || !Is(err, NotCountedYet) {
			return user, err
		}
	}
}

// dotted keeps the names . and .. from being read as steps of the path.
func dotted(name string) usersapi.RequestEditorFn {
	return func(_ context.Context, request *http.Request) error {
		if name != "." && name != ".." {
			return nil
		}
		folder := strings.TrimSuffix(request.URL.Path, "/")
		if name == ".." {
			folder += "/users" // the step up is taken back
		}
		request.URL.Path = folder + "/" + name
		request.URL.RawPath = folder + "/" + strings.ReplaceAll(name, ".", "%2E")
		return nil
	}
}

// Sorting is what a list of users is in the order of. Zero values are track_users' own: counters, downwards.
type Sorting struct {
	By       string // counter, name or created_at
	Order    string // asc or desc
	PageSize int    // how many are asked for at once, from 1 to 1,000; 0 is 100
}

// List gives users, a page at a time as they are taken. After an error there are no more.
func (u *Users) List(ctx context.Context, sorting Sorting) iter.Seq2[User, error] {
	return pages(func(cursor string) ([]User, string, error) {
		page, err := answer[usersapi.UserPage](u.api.ListUsers(ctx, &usersapi.ListUsersParams{
			Sort:  optional(usersapi.ListUsersParamsSort(sorting.By)),
			Order: optional(usersapi.ListUsersParamsOrder(sorting.Order)),
			Limit: optional(sorting.PageSize), Cursor: optional(cursor),
		}))
		if page.NextCursor == nil {
			return page.Users, "", err
		}
		return page.Users, *page.NextCursor, err
	})
}

// Stats tells what was counted, and what is still to do.
func (u *Users) Stats(ctx context.Context) (Stats, error) {
	return answer[Stats](u.api.GetStats(ctx))
}

// Progress tells how far each lane is applied, and each partition read.
func (u *Users) Progress(ctx context.Context) (Progress, error) {
	return answer[Progress](u.api.GetProgress(ctx))
}
