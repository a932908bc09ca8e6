// Package reading is the use case of looking counters up.
package reading

import (
	"context"
	"errors"
	"fmt"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/domain"
)

// What a lookup may answer.
var (
	ErrNotFound    = errors.New("no such user")
	ErrUnavailable = errors.New("the users cannot be read now")
)

// Reader looks counters up.
type Reader struct {
	users Users
}

// New makes a reader.
func New(users Users) *Reader { return &Reader{users: users} }

// User finds a user by name, however it was typed. Errors: those of name.Parse, ErrNotFound, ErrUnavailable, wrapped.
func (r *Reader) User(ctx context.Context, raw string) (domain.User, error) {
	who, err := name.Parse(raw)
	if err != nil {
		return domain.User{}, err
	}
	user, err := r.users.ByName(ctx, who)
	if err != nil {
		return domain.User{}, fmt.Errorf("look up a user: %w", err)
	}
	return user, nil
}
