package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/domain"
)

// readLimit bounds one lookup.
const readLimit = 5 * time.Second

// Users reads counters. It implements reading.Users.
type Users struct {
	pool  *pgxpool.Pool
	slots chan struct{} // of all who read
	scans chan struct{} // of those who read the whole table
}

// NewUsers makes a reader on a pool. Readers get half of its connections at most, and those who read the whole table a
// quarter: however many there are, events are counted and single users are found.
func NewUsers(pool *pgxpool.Pool) *Users {
	connections := pool.Config().MaxConns
	return &Users{
		pool: pool, slots: make(chan struct{}, max(1, connections/2)), scans: make(chan struct{}, max(1, connections/4)),
	}
}

// in does what needs a slot, when there is one.
func in(ctx context.Context, slots chan struct{}, do func() error) error {
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
		return do()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ByName finds one user.
func (u *Users) ByName(ctx context.Context, who name.Name) (user domain.User, err error) {
	const sql = `SELECT id, name, counter, created_at FROM track_user WHERE name = $1`
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	err = in(ctx, u.slots, func() error {
		rows, err := u.pool.Query(ctx, sql, who.String())
		if err != nil {
			return err
		}
		user, err = pgx.CollectExactlyOneRow(rows, toUser)
		return err
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return domain.User{}, reading.ErrNotFound
	case err != nil:
		return domain.User{}, fmt.Errorf("%w: %w", reading.ErrUnavailable, err)
	}
	return user, nil
}

func toUser(row pgx.CollectableRow) (domain.User, error) {
	var (
		user domain.User
		who  string
	)
	err := row.Scan(&user.ID, &who, &user.Counter, &user.CreatedAt)
	user.Name, user.CreatedAt = name.Restore(who), user.CreatedAt.UTC()
	return user, err
}
