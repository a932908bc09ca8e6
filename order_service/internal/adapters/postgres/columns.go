package postgres

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ordertrack/order_service/internal/domain"
)

// columns are drafts turned on their side: one array a column, and how many of them each lane takes.
type columns struct {
	names, notes, traces []string
	draftLanes           []int16
	behind               []int32 // how many of the same lane follow in the batch: the lane's new head is the last one's
	lanes                []int16
	counts               []int32
}

func columnsOf(drafts []domain.Draft) columns {
	size := len(drafts)
	c := columns{
		names: make([]string, size), notes: make([]string, size), traces: make([]string, size),
		draftLanes: make([]int16, size), behind: make([]int32, size),
	}
	var count [domain.Lanes]int32
	for i := size - 1; i >= 0; i-- {
		d := drafts[i]
		c.names[i], c.notes[i], c.traces[i] = d.Name().String(), d.Note().String(), d.TraceParent()
		c.draftLanes[i] = int16(d.Lane()) //nolint:gosec // below domain.Lanes
		c.behind[i] = count[d.Lane()]
		count[d.Lane()]++
	}
	for lane, orders := range count {
		if orders > 0 {
			c.lanes = append(c.lanes, int16(lane))
			c.counts = append(c.counts, orders)
		}
	}
	return c
}

func (c columns) args(writer uuid.UUID, number int64, elsewhere bool) pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{
		"writer": writer, "batch": number, "size": len(c.names), "elsewhere": elsewhere,
		"lanes": c.lanes, "counts": c.counts,
		"names": c.names, "notes": c.notes, "traces": c.traces, "draft_lanes": c.draftLanes, "behind": c.behind,
	}
}
