package waiting

import (
	"context"

	"ordertrack/track_users/internal/domain"
)

//go:generate go tool mockgen -source=ports.go -destination=mocks/ports.go -package=mocks

// Marks say how far lanes are applied.
type Marks interface {
	// Applied reads the marks of lanes in one question. A lane of which nothing was applied yet may be missing. Errors:
	// ErrUnavailable, wrapped.
	Applied(ctx context.Context, lanes []domain.Lane) (map[domain.Lane]int64, error)
}
