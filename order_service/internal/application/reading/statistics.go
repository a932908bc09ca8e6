package reading

import (
	"context"
	"fmt"
	"time"

	"ordertrack/order_service/internal/domain"
)

// Statistics say how many orders there are, and how far the receiver is behind.
type Statistics struct {
	Heads domain.Heads
	Lag   *Lag // nil while the receiver has never told how far it is
}

// Lag is what the receiver has not applied.
type Lag struct {
	AppliedAt time.Time // when the receiver told how far it is
	Events    int64     // in all lanes
	Lanes     []domain.LaneLag
}

// Statistics are exact: every order that the log has and the receiver did not tell of is in the lag. The heads are read
// after the marks, so that no lane is ahead of its head. Errors: ErrUnavailable, wrapped.
func (r *Reader) Statistics(ctx context.Context) (Statistics, error) {
	known := r.marks.current(ctx)
	heads, err := r.heads.Heads(ctx)
	if err != nil {
		return Statistics{}, fmt.Errorf("read the heads: %w", err)
	}
	if known.at.IsZero() {
		return Statistics{Heads: heads}, nil
	}
	events, lanes := known.applied.Lag(heads.Lanes)
	return Statistics{Heads: heads, Lag: &Lag{AppliedAt: known.at, Events: events, Lanes: lanes}}, nil
}
