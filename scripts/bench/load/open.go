package load

import (
	"context"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"
)

// Histograms hold microseconds, from 1 to a minute, with three digits.
const (
	slowest = int64(time.Minute / time.Microsecond)
	digits  = 3
)

// NewHistogram makes a histogram of microseconds, up to a minute.
func NewHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, slowest, digits) }

// Open is a load of orders that are due at a fixed rate, whether or not the earlier ones are answered.
type Open struct {
	Target

	Clients int           // connections; enough that one is free whenever an order is due
	Rate    int           // orders a second
	WarmUp  time.Duration // not measured
	Lasts   time.Duration // measured
}

// due is when the order of that number has to be sent.
func (l Open) due(begin time.Time, number int64) time.Time {
	return begin.Add(time.Duration(number) * time.Second / time.Duration(l.Rate))
}

func (l Open) total() int64 { return int64((l.WarmUp + l.Lasts).Seconds() * float64(l.Rate)) }

func (l Open) isMeasured(number int64) bool {
	return float64(number) >= l.WarmUp.Seconds()*float64(l.Rate)
}

// Run applies the load and returns the latencies in microseconds. Each counts from when its order was due: what waits
// because the server, or a client, was late, has waited (coordinated omission is not left out).
func (l Open) Run(ctx context.Context) (*hdrhistogram.Histogram, error) {
	return l.run(ctx, func(c *conn, orders *order, _ turn) error { return place(c, orders.next()) })
}

// turn is an order's: its number, and when it is due.
type turn struct {
	number int64
	due    time.Time
}

// run has each order sent by the first client that is free, and waits for the end of all.
func (l Open) run(ctx context.Context, send func(*conn, *order, turn) error) (*hdrhistogram.Histogram, error) {
	all, ctx := errgroup.WithContext(ctx)
	connections := make([]*conn, l.Clients)
	defer func() {
		for _, c := range connections {
			if c != nil {
				c.close()
			}
		}
	}()
	for i := range connections {
		c, err := dial(ctx, l.Addr)
		if err != nil {
			return nil, err
		}
		connections[i] = c
	}
	parts := make([]*hdrhistogram.Histogram, l.Clients)
	turns := make(chan turn, l.total()) // the pace never waits
	for i, c := range connections {
		parts[i] = NewHistogram()
		orders := newOrder(l.Users, i)
		all.Go(func() error {
			for t := range turns {
				if err := send(c, orders, t); err != nil {
					return err
				}
				if l.isMeasured(t.number) {
					record(parts[i], time.Since(t.due))
				}
			}
			return nil
		})
	}
	all.Go(func() error {
		defer close(turns)
		return l.pace(ctx, turns)
	})
	if err := all.Wait(); err != nil {
		return nil, err
	}
	return merge(parts), nil
}

// noticing is how long the pace sleeps at most, so that it notices the end of a context.
const noticing = 10 * time.Millisecond

// pace gives each order its turn when it is due.
func (l Open) pace(ctx context.Context, turns chan<- turn) error {
	begin := time.Now()
	for number := range l.total() {
		due := l.due(begin, number)
		for wait := time.Until(due); wait > 0; wait = time.Until(due) {
			if ctx.Err() != nil {
				return context.Cause(ctx) //nolint:wrapcheck // as it was given
			}
			sleep(min(wait, noticing))
		}
		turns <- turn{number: number, due: due}
	}
	return nil
}

func record(h *hdrhistogram.Histogram, latency time.Duration) {
	_ = h.RecordValue(min(max(1, latency.Microseconds()), slowest)) // in range
}

func merge(parts []*hdrhistogram.Histogram) *hdrhistogram.Histogram {
	whole := NewHistogram()
	for _, part := range parts {
		whole.Merge(part)
	}
	return whole
}
