// Package reporting is the use case of telling how far this service is, so that the sender can know what is lost.
package reporting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ordertrack/shared/backoff"
	"ordertrack/track_users/internal/domain"
)

// ErrUnavailable says that the progress cannot be told or kept now.
var ErrUnavailable = errors.New("the progress is not available")

// Every is how often positions are noted. They are noted even when they have not moved: a database that was restored
// knows nothing of them.
const Every = time.Second

// Reporter notes how far the streams are read that are read here, and tells the progress of all.
type Reporter struct {
	book       Book
	reader     Reader
	topic      Topic
	log        *slog.Logger
	statistics cached
}

// New makes a reporter.
func New(book Book, reader Reader, topic Topic, log *slog.Logger) *Reporter {
	return &Reporter{book: book, reader: reader, topic: topic, log: log, statistics: newCached()}
}

// Run notes positions until ctx ends. What fails is noted the next time.
func (r *Reporter) Run(ctx context.Context) error {
	failing := false
	for backoff.Sleep(ctx, Every) == nil {
		positions := r.reader.Positions()
		if len(positions) == 0 {
			continue
		}
		err := r.book.Note(ctx, positions)
		if err != nil && !failing && ctx.Err() == nil {
			r.log.WarnContext(ctx, "cannot note how far the partitions are read", "error", err)
		}
		failing = err != nil
	}
	return nil
}

// Progress tells how far everything is. Errors: ErrUnavailable, wrapped.
func (r *Reporter) Progress(ctx context.Context) (domain.Progress, error) {
	progress, err := r.book.Progress(ctx)
	if err != nil {
		return domain.Progress{}, fmt.Errorf("read the progress: %w", err)
	}
	return progress, nil
}
