package reporting

import (
	"context"

	"ordertrack/track_users/internal/domain"
)

//go:generate go tool mockgen -source=ports.go -destination=mocks/ports.go -package=mocks

// Book keeps positions beside the marks.
type Book interface {
	// Note keeps positions; the one of a stream that is kept already is replaced. Errors: ErrUnavailable, wrapped.
	Note(ctx context.Context, positions []domain.Position) error
	// Progress reads all marks and positions as they are at one moment. Errors: ErrUnavailable, wrapped.
	Progress(ctx context.Context) (domain.Progress, error)
}

// Reader knows how far the streams are read that are read here.
type Reader interface {
	// Positions are those of the streams that are read now. A position must not be told before what lies below it is
	// applied, or waits for an event that lacks.
	Positions() []domain.Position
}
