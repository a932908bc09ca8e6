package audit

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// mark says that a lane is applied up to a sequence number.
type mark struct {
	source  string
	lane    int
	applied int64
}

// readMarks reads how far track_users says that it has got, in each lane of each log.
func readMarks(ctx context.Context, s *snapshot) ([]mark, error) {
	const sql = `SELECT source, lane, applied FROM lane_mark WHERE applied > 0`
	rows, err := s.tx.Query(ctx, sql)
	if err != nil {
		return nil, s.explain("read the marks", err)
	}
	marks, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (mark, error) {
		var m mark
		err := row.Scan(&m.source, &m.lane, &m.applied)
		return m, err
	})
	if err != nil {
		return nil, s.explain("read the marks", err)
	}
	return marks, nil
}

// received is what track_users says of one log's events.
type received struct {
	source  string
	applied [Lanes]int64
	others  int // marks of other logs
	parked  places
}

// places are events, by their place in a log.
type places struct {
	lanes     []int16
	sequences []int64
}

func receivedOf(source string, marks []mark) *received {
	got := &received{source: source}
	for _, m := range marks {
		if m.source != source || m.lane < 0 || m.lane >= Lanes {
			got.others++
			continue
		}
		got.applied[m.lane] = m.applied
	}
	return got
}

// maxParked bounds what is kept of the parked events, some ten bytes each.
const maxParked = 1_000_000

// readParked reads which events of the log were parked instead of counted.
func (g *received) readParked(ctx context.Context, s *snapshot) error {
	const sql = `SELECT DISTINCT lane, sequence FROM dead_letter WHERE source = $1 ORDER BY lane, sequence LIMIT $2`
	rows, err := s.tx.Query(ctx, sql, g.source, maxParked+1)
	if err != nil {
		return s.explain("read the dead letters", err)
	}
	var (
		lane     int16
		sequence int64
	)
	_, err = pgx.ForEachRow(rows, []any{&lane, &sequence}, func() error {
		g.parked.lanes = append(g.parked.lanes, lane)
		g.parked.sequences = append(g.parked.sequences, sequence)
		return nil
	})
	if err != nil {
		return s.explain("read the dead letters", err)
	}
	if len(g.parked.lanes) > maxParked {
		return fmt.Errorf("more than %d orders are parked: that is more than this audit can hold", maxParked)
	}
	return nil
}

// checkReceived holds the receiver's marks against the log: nothing is applied that was never ordered, and what is
// parked is below the mark. What is ordered but not applied is on its way.
func (r *Report) checkReceived(log orderLog, got *received) {
	r.Lag, r.Parked = log.lag(got), int64(len(got.parked.lanes))
	for lane, applied := range got.applied {
		if head := log.heads[lane]; applied > head {
			r.differf(laneName(lane), "%d events are applied, but only %d orders are in it", applied, head)
		}
	}
	for i, lane := range got.parked.lanes {
		sequence := got.parked.sequences[i]
		if lane < 0 || int(lane) >= Lanes || sequence > got.applied[lane] {
			r.differf(laneName(int(lane)), "event %d is parked, but by the mark it has not come yet", sequence)
		}
	}
}
