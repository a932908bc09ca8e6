// Package published holds the topic's own records against the orders table: each event of a log of this database stands
// for a committed order, and says of it what is true.
package published

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/faults/stranger"
)

const (
	maxListed    = 20 // differences; all are counted
	closeTimeout = 5 * time.Second
	sourcePrefix = "/order_service/logs/"
)

// Report is what came of it.
type Report struct {
	Events    int // on the topic, of logs of this database; the stranger's own records are none
	Forgotten int // of these, of orders that were undone when the database was put back

	Differences      []string // the first ones
	DifferencesCount int
}

func (r *Report) differf(format string, args ...any) {
	r.DifferencesCount++
	if len(r.Differences) < maxListed {
		r.Differences = append(r.Differences, fmt.Sprintf(format, args...))
	}
}

// place is an event's place in a log. Lanes and sequences are as the log numbers them.
type place struct {
	log      string
	lane     int
	sequence int64
}

type order struct {
	id   int64
	name string
}

// Hold reads the orders and holds the records against them. An error means that it could not.
func Hold(ctx context.Context, ordersURL string, records []stranger.Record) (report *Report, err error) {
	conn, err := pgx.Connect(ctx, ordersURL)
	if err != nil {
		return nil, fmt.Errorf("hold the topic against the orders: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		err = errors.Join(err, conn.Close(ctx))
	}()
	orders, err := readOrders(ctx, conn)
	if err != nil {
		return nil, err
	}
	logs, err := readLogs(ctx, conn)
	if err != nil {
		return nil, err
	}
	report = &Report{}
	for _, record := range records {
		if !record.IsStrange() {
			report.judge(record, orders, logs)
		}
	}
	return report, nil
}

// readOrders reads all orders by their places. A log's numbers begin behind its base in each lane.
func readOrders(ctx context.Context, conn *pgx.Conn) (map[place]order, error) {
	const sql = `
		SELECT part.log, orders.lane, orders.sequence - part.base, orders.id, orders.name
		FROM orders JOIN (
			SELECT order_log.id::text AS log, lane, base, head FROM order_log CROSS JOIN order_lane
			UNION ALL SELECT log_id::text, lane, base, head FROM former_lane
		) AS part ON part.lane = orders.lane AND orders.sequence > part.base AND orders.sequence <= part.head`
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("read the orders: %w", err)
	}
	orders := map[place]order{}
	var (
		p place
		o order
	)
	if _, err := pgx.ForEachRow(rows, []any{&p.log, &p.lane, &p.sequence, &o.id, &o.name}, func() error {
		orders[p] = o
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read the orders: %w", err)
	}
	return orders, nil
}

// readLogs are the ids of the logs; true for the one that is written.
func readLogs(ctx context.Context, conn *pgx.Conn) (map[string]bool, error) {
	const sql = `SELECT id::text, true FROM order_log UNION ALL SELECT id::text, false FROM former_log`
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("read the logs: %w", err)
	}
	logs := map[string]bool{}
	var (
		id      string
		written bool
	)
	if _, err := pgx.ForEachRow(rows, []any{&id, &written}, func() error {
		logs[id] = written
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read the logs: %w", err)
	}
	return logs, nil
}

// judge holds one record against its order.
func (r *Report) judge(record stranger.Record, orders map[place]order, logs map[string]bool) {
	p, err := placeOf(record)
	if err != nil {
		r.differf("a record with the key %q: %v", record.Key, err)
		return
	}
	r.Events++
	written, known := logs[p.log]
	o, exists := orders[p]
	switch {
	case !known:
		r.differf("lane %d, event %d of log %s: there is no such log", p.lane, p.sequence, p.log)
	case !exists && !written:
		r.Forgotten++
	case !exists:
		r.differf("lane %d, event %d: there is no such order", p.lane, p.sequence)
	default:
		r.compare(p, record, o)
	}
}

func (r *Report) compare(p place, record stranger.Record, o order) {
	if id := header(record, "ce_id"); id != strconv.FormatInt(o.id, 10) {
		r.differf("lane %d, event %d: its id is %q, but the order's is %d", p.lane, p.sequence, id, o.id)
	}
	if string(record.Key) != o.name {
		r.differf("lane %d, event %d: its key is %q, but order %d is for %q", p.lane, p.sequence, record.Key, o.id, o.name)
	}
	var value map[string]any
	if err := json.Unmarshal(record.Value, &value); err != nil || len(value) != 1 || value["name"] != o.name {
		r.differf("lane %d, event %d: its value is %q, but order %d is for %q", p.lane, p.sequence, record.Value, o.id, o.name)
	}
}

func placeOf(record stranger.Record) (place, error) {
	source := header(record, "ce_source")
	log, ours := strings.CutPrefix(source, sourcePrefix)
	lane, err := strconv.Atoi(header(record, "ce_lane"))
	sequence, err2 := strconv.ParseInt(header(record, "ce_sequence"), 10, 64)
	if err := errors.Join(err, err2); !ours || err != nil {
		return place{}, fmt.Errorf("its source is %q, and its place: %w", source, err)
	}
	return place{log: log, lane: lane, sequence: sequence}, nil
}

func header(record stranger.Record, key string) string {
	for _, h := range record.Headers {
		if string(h.Key) == key {
			return string(h.Value)
		}
	}
	return ""
}
