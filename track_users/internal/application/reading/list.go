package reading

import (
	"context"
	"fmt"

	"ordertrack/track_users/internal/domain"
)

// MaxPage is how many users a page holds at most.
const MaxPage = 1000

// Sort is what a list of users is in the order of. Users that are equal in that are in the order of their ids.
type Sort int

// The orders there are.
const (
	ByCounter Sort = iota
	ByName         // by the bytes of UTF-8, which is the order of code points
	ByCreation
)

// Query asks for a page of users.
type Query struct {
	Sort       Sort
	Descending bool
	Limit      int          // 1 to MaxPage
	After      *domain.User // the page begins behind this one; of it only the sort's own field and the id matter
}

// Page is a part of a list.
type Page struct {
	Users []domain.User
	More  bool // whether there are users behind the last
}

// List reads a page. A counter that changes meanwhile moves its user: in the order of counters, one that passes the
// border between two pages is on both or on none of them. Errors: ErrUnavailable, wrapped.
func (r *Reader) List(ctx context.Context, q Query) (Page, error) {
	limit := q.Limit
	q.Limit++ // one more tells whether there is more
	users, err := r.users.List(ctx, q)
	if err != nil {
		return Page{}, fmt.Errorf("list users: %w", err)
	}
	if len(users) > limit {
		return Page{Users: users[:limit], More: true}, nil
	}
	return Page{Users: users}, nil
}
