// Package score holds what was measured against what it should be: the rows of the benchmark's table, their goals, and
// how they came out.
package score

import (
	"ordertrack/scripts/bench/trial"
)

// Point is a figure of a variant.
type Point struct{ Experiment, Variant, Figure string }

// Key names the variant.
func (p Point) Key() string { return trial.Key(p.Experiment, p.Variant) }

// Row is a line of the table: a figure of ours, alone or divided by one of something else.
type Row struct {
	Key     string // as ONLY takes it
	What    string
	Against string // empty for a figure that stands alone
	Ours    Point
	Theirs  Point
	Unit    string  // of the figures
	Goal    float64 // of the ratio, or of the figure that stands alone; 0 is none
	Least   bool    // the goal is a lower bound, else an upper one
}

// IsRatio tells whether the row compares.
func (r Row) IsRatio() bool { return r.Theirs != Point{} }

const (
	orderRate  = "orders/s"
	eventRate  = "events/s"
	readLater  = "POST to counter readable"
	millis     = "ms"
	megabytes  = "MB"
	perOrder   = "an order"
	perEvent   = "an event"
	naiveOrder = "naive service: gin, one INSERT, one SyncProducer send"
)

// Rows are all rows.
func Rows() []Row {
	post := Point{trial.Posting, trial.Ours, trial.PerSecond}
	count := Point{trial.Counting, trial.Counts, trial.PerSecond}
	return []Row{
		atLeast(3.5, "post-naive", "durable POST/s", naiveOrder, post, trial.Naive, orderRate),
		atLeast(1.5, "post-pgbench", "durable POST/s", "pgbench, the same one-row INSERT", post, trial.PGBench, orderRate),
		atLeast(0.7, "post-ceiling", "durable POST/s", "the same service with a log that stores nothing", post, trial.Roof, orderRate),
		atLeast(0.9, "post-single", "durable POST/s, 1 connection", "naive service without Kafka",
			Point{trial.Single, trial.Ours, trial.PerSecond}, trial.Alone, orderRate),
		atMost(0.7, "latency-p50", "POST latency p50 at a fixed rate", "naive service",
			Point{trial.Latency, trial.Ours, trial.P50}, trial.Naive, millis),
		atMost(0.7, "latency-p99", "POST latency p99 at a fixed rate", "naive service",
			Point{trial.Latency, trial.Ours, trial.P99}, trial.Naive, millis),
		atLeast(100, "count-naive", "events applied/s, 10,000 users", "naive consumer: one transaction an event",
			count, trial.CountsNaive, eventRate),
		atLeast(0.6, "count-drain", "events applied/s, 10,000 users", "Sarama alone, which only counts records",
			count, trial.CountsNot, eventRate),
		atLeast(0.5, "count-users", "events applied/s, 1,000,000 users", "the same, 1,000 users",
			Point{trial.Counting, trial.CountsMany, trial.PerSecond}, trial.CountsFew, eventRate),
		atLeast(0.95, "exactly-once", "events applied/s, 10,000 users", "the same consumer, at least once",
			count, trial.CountsAtLeast, eventRate),
		alone(10, "follow-p50", readLater+", p50", Point{trial.Following, trial.Ours, trial.P50}, millis),
		alone(50, "follow-p99", readLater+", p99", Point{trial.Following, trial.Ours, trial.P99}, millis),
		atLeast(0.9, "full-table", "durable POST/s, full table", "empty table",
			Point{trial.Full, trial.FullTable, trial.PerSecond}, trial.Ours, orderRate),
		atLeast(0.8, "hot-post", "durable POST/s, all of one user", "spread over 10,000 users",
			Point{trial.Posting, trial.Hot, trial.PerSecond}, trial.Ours, orderRate),
		atLeast(0.8, "hot-count", "events applied/s, all of one user", "spread over 10,000 users",
			Point{trial.Counting, trial.CountsHot, trial.PerSecond}, trial.Counts, eventRate),
		atLeast(1, "watermill-post", "durable POST/s", "Watermill: SQL outbox and forwarder", post, trial.OutboxLib, orderRate),
		atMost(1, "watermill-follow", readLater+", p50", "Watermill: SQL outbox and forwarder",
			Point{trial.Following, trial.Ours, trial.P50}, trial.OutboxLib, millis),
		alone(150, "memory-orders", "peak memory of order_service at full load", of(post, trial.Peak), megabytes),
		alone(150, "memory-users", "peak memory of track_users at full load", of(count, trial.Peak), megabytes),
		alone(0, "allocations-order", "allocations, order_service", of(post, trial.Allocations), perOrder),
		alone(0, "allocations-event", "allocations, track_users", of(count, trial.Allocations), perEvent),
		alone(300, "ready-orders", "start to ready, order_service", Point{trial.Starting, trial.OrdersProgram, trial.ReadyAfter}, millis),
		alone(300, "ready-users", "start to ready, track_users", Point{trial.Starting, trial.UsersProgram, trial.ReadyAfter}, millis),
		alone(40, "size-orders", "size of order_service", Point{trial.Starting, trial.OrdersProgram, trial.Binary}, megabytes),
		alone(40, "size-users", "size of track_users", Point{trial.Starting, trial.UsersProgram, trial.Binary}, megabytes),
	}
}

func of(p Point, figure string) Point { return Point{p.Experiment, p.Variant, figure} }

func ratio(key, what, against string, ours Point, variant, unit string) Row {
	return Row{
		Key: key, What: what, Against: against, Ours: ours,
		Theirs: Point{ours.Experiment, variant, ours.Figure}, Unit: unit,
	}
}

// atLeast is a ratio that should reach the goal.
func atLeast(goal float64, key, what, against string, ours Point, variant, unit string) Row {
	r := ratio(key, what, against, ours, variant, unit)
	r.Goal, r.Least = goal, true
	return r
}

// atMost is a ratio that should not exceed the goal.
func atMost(goal float64, key, what, against string, ours Point, variant, unit string) Row {
	r := ratio(key, what, against, ours, variant, unit)
	r.Goal = goal
	return r
}

// alone is a figure that should not exceed the goal.
func alone(goal float64, key, what string, ours Point, unit string) Row {
	return Row{Key: key, What: what, Ours: ours, Unit: unit, Goal: goal}
}

// Wanted tells of each variant whether a row needs it.
func Wanted(rows []Row) func(key string) bool {
	needed := map[string]bool{}
	for _, r := range rows {
		needed[r.Ours.Key()] = true
		if r.IsRatio() {
			needed[r.Theirs.Key()] = true
		}
	}
	return func(key string) bool { return needed[key] }
}

// Find gives the rows with those keys, or all for none, and the keys that no row has.
func Find(keys []string) (found []Row, unknown []string) {
	all := Rows()
	if len(keys) == 0 {
		return all, nil
	}
	byKey := map[string]Row{}
	for _, r := range all {
		byKey[r.Key] = r
	}
	for _, key := range keys {
		if r, ok := byKey[key]; ok {
			found = append(found, r)
		} else {
			unknown = append(unknown, key)
		}
	}
	return found, unknown
}
