// Package backoff spaces out retries: doubling, jittered, and at an end when the context is.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Policy is how long to wait between tries: Base after the first failure, doubled after each further one, Max at most.
type Policy struct {
	Base, Max time.Duration
}

// Delay is the pause after the failure number attempt, counted from 0. It is drawn evenly from the upper half of the
// step, so that clients that failed together do not come back together.
func (p Policy) Delay(attempt int) time.Duration {
	step := p.Base
	for range attempt {
		if step >= p.Max/2 {
			step = p.Max
			break
		}
		step *= 2
	}
	step = min(step, p.Max)
	half := step / 2
	return half + rand.N(step-half+1) //nolint:gosec // jitter needs no secrecy
}

// Sleep waits for d. It returns the context's cause when the context ends first, or has ended already.
func Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx) // even when d is over at once
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
