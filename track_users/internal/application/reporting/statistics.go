package reporting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ordertrack/track_users/internal/domain"
)

// Statistics are made of a scan of all counters: however many ask, it is done at most once in this time, and takes a
// tenth of the time at most.
const (
	statisticsAge  = time.Second
	statisticsRest = 10
)

// cached is a result that one caller makes and the others share.
type cached struct {
	turn  chan struct{} // holds one token; who has it may look at the rest
	last  domain.Statistics
	until time.Time
}

func newCached() cached { return cached{turn: make(chan struct{}, 1)} }

// Statistics tells how much was counted and what is still to do. They may be a moment old; At says of when they are.
// Without a broker they lack the backlogs. Errors: ErrUnavailable, wrapped; the context's cause.
func (r *Reporter) Statistics(ctx context.Context) (domain.Statistics, error) {
	select {
	case r.statistics.turn <- struct{}{}:
	case <-ctx.Done():
		return domain.Statistics{}, context.Cause(ctx)
	}
	defer func() { <-r.statistics.turn }()
	if time.Now().Before(r.statistics.until) {
		return r.statistics.last, nil
	}
	made, scan, err := r.makeStatistics(ctx)
	if err != nil {
		return domain.Statistics{}, fmt.Errorf("make statistics: %w", err)
	}
	r.statistics.last = made
	r.statistics.until = time.Now().Add(max(statisticsAge, statisticsRest*scan))
	return made, nil
}

// makeStatistics reads positions and marks before the ends and heads that they are held against, which are then never
// below them.
func (r *Reporter) makeStatistics(ctx context.Context) (made domain.Statistics, scan time.Duration, err error) {
	begin := time.Now()
	totals, err := r.book.Totals(ctx)
	if err != nil {
		return domain.Statistics{}, 0, err
	}
	scan = time.Since(begin)
	progress, err := r.book.Progress(ctx)
	if err != nil {
		return domain.Statistics{}, 0, err
	}
	// What is read here is newer than what was noted of it.
	positions := slices.Concat(progress.Positions, r.reader.Positions())
	backlogs, err := r.topic.Backlogs(ctx, positions)
	if err != nil && !errors.Is(err, ErrUnavailable) {
		return domain.Statistics{}, 0, err
	}
	return domain.Statistics{Totals: totals, Marks: progress.Marks, Backlogs: backlogs}, scan, nil
}
