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
	pool *pgxpool.Pool
}

// NewUsers makes a reader on a pool.
func NewUsers(pool *pgxpool.Pool) *Users { return &Users{pool: pool} }

// ByName finds one user.
func (u *Users) ByName(ctx context.Context, who name.Name) (domain.User, error) {
	const sql = `SELECT id, name, counter, created_at FROM track_user WHERE name = $1`
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	rows, err := u.pool.Query(ctx, sql, who.String())
	if err != nil {
		return domain.User{}, fmt.Errorf("%w: %w", reading.ErrUnavailable, err)
	}
	user, err := pgx.CollectExactlyOneRow(rows, toUser)
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
