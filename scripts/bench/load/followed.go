package load

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"

	"ordertrack/shared/backoff"
)

// Followed is an open load some of whose orders are of users that nobody else is. Whoever was given an Order-Token for
// one asks once for the counter, and is answered when the order is counted; without one it is asked again and again.
type Followed struct {
	Open

	Counters string        // host:port of the API that tells counters
	Every    int           // one of so many orders is followed
	Pause    time.Duration // between two questions, where there is no token
	Run      string        // sets the followed users apart from those of other runs
}

// followers is how many orders are followed at once; more wait for their first question, which counts.
const followers = 64

// followed is an order on its way.
type followed struct {
	name  string
	token string // Order-Token; empty when the service gives none
	due   time.Time
}

// Measure applies the load and returns, in microseconds, how long it took from when an order was due until its user's
// counter was told. A question takes time itself: what is measured is what a client sees, not less.
func (f Followed) Measure(ctx context.Context) (*hdrhistogram.Histogram, error) {
	all, ctx := errgroup.WithContext(ctx)
	queue := make(chan followed, f.total()) // the load never waits
	parts := make([]*hdrhistogram.Histogram, followers)
	for i := range parts {
		parts[i] = NewHistogram()
		all.Go(func() error { return f.follow(ctx, queue, parts[i]) })
	}
	all.Go(func() error {
		defer close(queue)
		_, err := f.run(ctx, func(c *conn, orders *order, t turn) error {
			if t.number%int64(f.Every) != 0 || !f.isMeasured(t.number) {
				return place(c, orders.next())
			}
			name := fmt.Sprintf("followed %s %d", f.Run, t.number)
			if err := place(c, orders.of(name)); err != nil {
				return err
			}
			queue <- followed{name: name, token: string(c.token), due: t.due}
			return nil
		})
		return err
	})
	if err := all.Wait(); err != nil {
		return nil, err
	}
	return merge(parts), nil
}

func (f Followed) follow(ctx context.Context, queue <-chan followed, into *hdrhistogram.Histogram) error {
	c, err := dial(ctx, f.Counters)
	if err != nil {
		return err
	}
	defer c.close()
	for order := range queue {
		if err := f.await(ctx, c, order); err != nil {
			return err
		}
		record(into, time.Since(order.due))
	}
	return nil
}

func (f Followed) await(ctx context.Context, c *conn, order followed) error {
	path := "/api/v1/users/" + strings.ReplaceAll(order.name, " ", "%20")
	if order.token != "" {
		path += "?wait=30s&after=" + order.token
	}
	question := []byte("GET " + path + " HTTP/1.1\r\nHost: bench\r\n\r\n")
	for {
		status, body, err := c.do(question)
		switch {
		case err != nil:
			return err
		case status == http.StatusOK:
			return nil
		case status != http.StatusNotFound || order.token != "":
			return fmt.Errorf("the question for %q was answered %d: %.200s", order.name, status, body)
		}
		if err := backoff.Sleep(ctx, f.Pause); err != nil {
			return err
		}
	}
}
