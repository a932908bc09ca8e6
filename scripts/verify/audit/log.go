package audit

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// orderLog is what the orders database says of its logs, beside the orders themselves. A log that is not the first one
// goes on in each lane where the one before it ended.
type orderLog struct {
	id        string // of the log that is written
	lastID    int64
	published int64         // the relay's cursor, an order id
	heads     map[int]int64 // of the lanes that have one
	former    []string      // ids of the logs before
	parts     []part        // by lane and base
	partOf    map[logLane]part
	content   content
}

// part is where a log has the lane's sequences from base + 1 to head, under the numbers 1 to size.
type part struct {
	log        string
	lane       int
	base, head int64
}

func (p part) size() int64 { return p.head - p.base }

// content is what the orders themselves say.
type content struct {
	ids   run
	lanes map[int]run // of the lanes that have orders
}

// run is a set of numbers, as far as it matters whether they are 1, 2, 3 and so on.
type run struct{ count, distinct, lowest, highest int64 }

// problem says how the numbers differ from all of 1 to last; it is empty when they do not.
func (s run) problem(what string, last int64) string {
	if s.count == last && s.distinct == last && s.highest == last && (last == 0 || s.lowest == 1) {
		return ""
	}
	return fmt.Sprintf("%s are not 1 to %d without a gap: there are %d, %d of them different, from %d to %d",
		what, last, s.count, s.distinct, s.lowest, s.highest)
}

// knows tells whether the log of this id is one of these.
func (l *orderLog) knows(id string) bool { return id == l.id || slices.Contains(l.former, id) }

// lag is how many events are neither counted nor parked.
func (l *orderLog) lag(got *received) int64 {
	var lag int64
	for _, p := range l.parts {
		lag += max(0, p.size()-got.applied[logLane{p.log, p.lane}])
	}
	return lag
}

func readLog(ctx context.Context, s *snapshot) (orderLog, error) {
	log, err := readHeads(ctx, s)
	if err != nil {
		return orderLog{}, err
	}
	log.content, err = readContent(ctx, s)
	return log, err
}

// readHeads reads all but the content.
func readHeads(ctx context.Context, s *snapshot) (orderLog, error) {
	const logSQL = `SELECT order_log.id::text, last_id, published FROM order_log CROSS JOIN relay_cursor`
	const formerSQL = `SELECT id::text FROM former_log ORDER BY id`
	const partsSQL = `
		SELECT order_log.id::text, lane, base, head, true AS written FROM order_log CROSS JOIN order_lane
		UNION ALL SELECT log_id::text, lane, base, head, false FROM former_lane
		ORDER BY lane, base, written`
	log := orderLog{heads: map[int]int64{}, partOf: map[logLane]part{}}
	if err := s.tx.QueryRow(ctx, logSQL).Scan(&log.id, &log.lastID, &log.published); err != nil {
		return orderLog{}, s.explain("read the log's row", err)
	}
	rows, err := s.tx.Query(ctx, formerSQL)
	if err == nil {
		log.former, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return orderLog{}, s.explain("read the former logs", err)
	}
	rows, err = s.tx.Query(ctx, partsSQL)
	if err != nil {
		return orderLog{}, s.explain("read the lanes' heads", err)
	}
	var (
		p       part
		written bool
	)
	_, err = pgx.ForEachRow(rows, []any{&p.log, &p.lane, &p.base, &p.head, &written}, func() error {
		log.parts = append(log.parts, p)
		log.partOf[logLane{p.log, p.lane}] = p
		if written {
			log.heads[p.lane] = p.head
		}
		return nil
	})
	if err != nil {
		return orderLog{}, s.explain("read the lanes' heads", err)
	}
	return log, nil
}

func readContent(ctx context.Context, s *snapshot) (content, error) {
	const idsSQL = `SELECT count(*), count(DISTINCT id), coalesce(min(id), 0), coalesce(max(id), 0) FROM orders`
	const lanesSQL = `
		SELECT lane, count(*), count(DISTINCT sequence), min(sequence), max(sequence)
		FROM orders GROUP BY lane ORDER BY lane`
	c := content{lanes: map[int]run{}}
	if err := s.tx.QueryRow(ctx, idsSQL).Scan(&c.ids.count, &c.ids.distinct, &c.ids.lowest, &c.ids.highest); err != nil {
		return content{}, s.explain("read the ids of the orders", err)
	}
	rows, err := s.tx.Query(ctx, lanesSQL)
	if err != nil {
		return content{}, s.explain("read the lanes", err)
	}
	var (
		lane int
		seqs run
	)
	_, err = pgx.ForEachRow(rows, []any{&lane, &seqs.count, &seqs.distinct, &seqs.lowest, &seqs.highest}, func() error {
		c.lanes[lane] = seqs
		return nil
	})
	if err != nil {
		return content{}, s.explain("read the lanes", err)
	}
	return c, nil
}

// checkLog holds the orders against what the log says of them: ids are 1 to last_id and the sequences of each lane are 1
// to head, all of them and none twice.
func (r *Report) checkLog(log orderLog) {
	r.Orders = log.content.ids.count
	r.Unpublished = max(0, log.lastID-log.published)
	if problem := log.content.ids.problem("the ids", log.lastID); problem != "" {
		r.differf("orders", "%s", problem)
	}
	if log.published > log.lastID {
		r.differf("relay", "its cursor is at order %d, but the last one is %d", log.published, log.lastID)
	}
	r.checkParts(log)
	for lane := range Lanes {
		head, known := log.heads[lane]
		problem := log.content.lanes[lane].problem("the sequences", head)
		switch {
		case !known:
			r.differf(laneName(lane), "it has no head")
		case problem != "":
			r.differf(laneName(lane), "%s", problem)
		default:
			r.DenseLanes++
		}
	}
	for lane, sequences := range log.content.lanes {
		if lane < 0 || lane >= Lanes {
			r.differf(laneName(lane), "there is no such lane, but %d orders are in it", sequences.count)
		}
	}
}

// checkParts holds the logs against each other: in each lane one begins where the other ended.
func (r *Report) checkParts(log orderLog) {
	ends := map[int]int64{}
	for _, p := range log.parts {
		if p.base != ends[p.lane] {
			r.differf(laneName(p.lane), "log %s begins behind order %d of it, where the one before ended at %d", p.log, p.base, ends[p.lane])
		}
		ends[p.lane] = p.head
	}
}

func laneName(lane int) string { return fmt.Sprintf("lane %d", lane) }
