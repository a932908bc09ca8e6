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
	// Totals adds up all counters as they are at one moment. Errors: ErrUnavailable, wrapped.
	Totals(ctx context.Context) (domain.Totals, error)
}

// Topic knows what is in the topic.
type Topic interface {
	// Backlogs tells what lies behind the positions in each stream of the topic as it is now, and what its last records are
	// of. Of two positions of one stream the latter counts; a stream without any is read from its begin. Errors:
	// ErrUnavailable, wrapped.
	Backlogs(ctx context.Context, positions []domain.Position) ([]domain.Backlog, error)
}

// Reader knows how far the streams are read that are read here.
type Reader interface {
	// Positions are those of the streams that are read now. A position must not be told before what lies below it is
	// applied, or waits for an event that lacks.
	Positions() []domain.Position
}
