package streaming

import (
	"context"
	"time"
)

// kept is a position, and when it was the last one.
type kept struct {
	at   time.Time
	last Position
}

// tidy forgets what changed longer ago than it is kept, also when nobody follows. It goes by the positions that it has
// seen itself, so no clock of the database is asked.
func (h *Hub) tidy(ctx context.Context) {
	now, err := h.changes.Now(ctx)
	if err == nil {
		h.kept = append(h.kept, kept{time.Now(), now})
		old := -1
		for i, k := range h.kept {
			if time.Since(k.at) >= h.limits.Keep {
				old = i
			}
		}
		if old < 0 {
			return
		}
		if err = h.changes.Forget(ctx, h.kept[old].last); err == nil {
			h.kept = h.kept[old+1:]
		}
	}
	h.report(ctx, err)
}
