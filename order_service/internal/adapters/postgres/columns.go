package postgres

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

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

// args are those of the statement that stores a batch, in the order of its parameters.
func (c columns) args(writer uuid.UUID, number int64, elsewhere bool) []any {
	return []any{
		pgtype.UUID{Bytes: writer, Valid: true},
		number, int64(len(c.names)), elsewhere, c.lanes, c.counts,
		c.names, c.notes, c.traces, c.draftLanes, c.behind,
	}
}
