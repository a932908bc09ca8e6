package relaying

import (
	"context"
	"errors"
	"log/slog"
)

// repeatEvery is how many failures in a row, at the longest pause a minute's worth, are told as one.
const repeatEvery = 12

// health logs how the relay does, when that changes.
type health struct {
	log      *slog.Logger
	failures int // in a row
	told     string
}

func (h *health) failed(err error) {
	if err.Error() != h.told || h.failures%repeatEvery == 0 {
		h.log.Warn("the relay starts over", "error", err, "failures", h.failures+1)
		h.told = err.Error()
	}
	h.failures++
}

// well says that events flow, or that there are none.
func (h *health) well() {
	if h.failures > 0 {
		h.log.Info("the relay is well again", "failures", h.failures)
	}
	h.failures, h.told = 0, ""
}

func (h *health) leads() {
	if h.failures == 0 {
		h.log.Info("the relay leads")
	}
}

// ended tells of a batch that a stop left behind; the next relay will publish it.
func (h *health) ended(ctx context.Context, err error) {
	if err != nil && !errors.Is(err, context.Cause(ctx)) && !errors.Is(err, ctx.Err()) {
		h.log.Warn("the relay stopped before its batch was done", "error", err)
	}
}
