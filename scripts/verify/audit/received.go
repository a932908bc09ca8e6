package audit

import (
	"context"
	"fmt"
	"strings"

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

// logLane is one lane of one log.
type logLane struct {
	log  string
	lane int
}

// received is what track_users says of the events of logs.
type received struct {
	applied map[logLane]int64
	due     due
	parked  places

	// elsewhere are events that were applied and not parked, of logs that this database never had or has forgotten.
	elsewhere int64

	// forgotten are events that were applied and not parked, and whose orders are not there any more: the database was put
	// back to an earlier state, and began a new log.
	forgotten int64
}

// places are orders, by their lane and its sequence, which runs on over all logs.
type places struct {
	lanes     []int16
	sequences []int64
}

// due are the parts of lanes whose orders are applied: those with from < sequence <= to.
type due struct {
	lanes    []int16
	from, to []int64
}

func receivedOf(log orderLog, marks []mark) *received {
	got := &received{applied: map[logLane]int64{}}
	for _, m := range marks {
		id, ours := strings.CutPrefix(m.source, sourcePrefix)
		if !ours || !log.knows(id) {
			got.elsewhere += m.applied
			continue
		}
		got.applied[logLane{id, m.lane}] = m.applied
	}
	for _, p := range log.parts {
		applied := min(got.applied[logLane{p.log, p.lane}], p.size())
		got.due.lanes = append(got.due.lanes, int16(p.lane))
		got.due.from = append(got.due.from, p.base)
		got.due.to = append(got.due.to, p.base+applied)
	}
	for key, applied := range got.applied {
		if key.log != log.id {
			got.forgotten += max(0, applied-log.partOf[key].size())
		}
	}
	return got
}

// maxParked bounds what is kept of the parked events, some ten bytes each.
const maxParked = 1_000_000

// readParked reads which events of the logs were parked instead of counted.
func (r *Report) readParked(ctx context.Context, s *snapshot, log orderLog, got *received) error {
	const sql = `SELECT source, lane, sequence FROM dead_letter WHERE source IS NOT NULL ORDER BY 1, 2, 3 LIMIT $1`
	rows, err := s.tx.Query(ctx, sql, maxParked+1)
	if err != nil {
		return s.explain("read the dead letters", err)
	}
	var (
		source   string
		lane     int16
		sequence int64
	)
	_, err = pgx.ForEachRow(rows, []any{&source, &lane, &sequence}, func() error {
		id, ours := strings.CutPrefix(source, sourcePrefix)
		key := logLane{id, int(lane)}
		r.Parked++
		switch {
		case !ours || !log.knows(id):
			got.elsewhere--
		case sequence > got.applied[key]:
			r.differf(laneName(key.lane), "event %d is parked, but by the mark it has not come yet", sequence)
		case sequence > log.partOf[key].size():
			got.forgotten-- // it was counted nowhere
		default:
			got.parked.lanes = append(got.parked.lanes, lane)
			got.parked.sequences = append(got.parked.sequences, log.partOf[key].base+sequence)
		}
		return nil
	})
	if err != nil {
		return s.explain("read the dead letters", err)
	}
	if r.Parked > maxParked {
		return fmt.Errorf("more than %d orders are parked: that is more than this audit can hold", maxParked)
	}
	return nil
}

// checkReceived holds the receiver's marks against the log that is written: nothing is applied that was never ordered.
// What is ordered but not applied is on its way.
func (r *Report) checkReceived(log orderLog, got *received) {
	r.Lag = log.lag(got)
	for lane := range Lanes {
		key := logLane{log.id, lane}
		if applied, size := got.applied[key], log.partOf[key].size(); applied > size {
			r.differf(laneName(lane), "%d events are applied, but only %d orders are in it", applied, size)
		}
	}
}
