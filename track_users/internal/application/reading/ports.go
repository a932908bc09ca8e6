package reading

import (
	"context"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/domain"
)

//go:generate go tool mockgen -source=ports.go -destination=mocks/ports.go -package=mocks

// Users are the users that were counted.
type Users interface {
	// ByName finds one user. Errors: ErrNotFound; ErrUnavailable, wrapped.
	ByName(ctx context.Context, who name.Name) (domain.User, error)
	// List reads as many users as the query's limit says, or all there are behind its After. Errors: ErrUnavailable,
	// wrapped.
	List(ctx context.Context, q Query) ([]domain.User, error)
}
