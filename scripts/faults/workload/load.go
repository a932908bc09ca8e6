package workload

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"ordertrack/shared/backoff"
)

// Load is a plan under way.
type Load struct {
	plan Plan

	sustained atomic.Int32 // how many want the clients to go on
	frozen    sync.RWMutex // read locked while an order is on its way
	clients   []*client    // their records are theirs alone, unless frozen
	retries   retries

	mu       sync.Mutex
	settled  int // orders that are acknowledged or unknown
	waiters  []waiter
	forgiven []pardon
	finished chan struct{}
	ledger   *Ledger
	err      error
}

type waiter struct {
	settled int
	reached chan struct{}
}

// Start lets the clients loose. They end when the plan is fulfilled or ctx ends; whoever starts a load calls Wait.
func Start(ctx context.Context, plan Plan) *Load {
	transport := &http.Transport{MaxIdleConnsPerHost: plan.Clients, DisableCompression: true}
	l := &Load{plan: plan, finished: make(chan struct{}), clients: make([]*client, plan.Clients)}
	for i := range l.clients {
		l.clients[i] = &client{number: i, at: i, http: &http.Client{Transport: transport}, urls: plan.URLs}
		if plan.Keyed {
			l.clients[i].retries = &l.retries
		}
	}
	go l.run(ctx, transport)
	return l
}

func (l *Load) run(ctx context.Context, transport *http.Transport) {
	defer close(l.finished)
	defer transport.CloseIdleConnections()
	var all errgroup.Group
	for _, c := range l.clients {
		all.Go(func() error { return l.serve(ctx, c) })
	}
	l.err = all.Wait()
	records := make([][]Record, len(l.clients))
	for i, c := range l.clients {
		records[i] = c.records
	}
	l.ledger = NewLedger(records...)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ledger.forgiven = l.forgiven
}

// sustainedPause is between the orders of a client that goes on beyond its share: 32 of them make some 600 in a second.
const sustainedPause = 50 * time.Millisecond

// Sustain has the clients go on ordering beyond their shares, at a bounded rate, until the function that it returns is
// called, and those of all other callers. It must come before the first client has ended.
func (l *Load) Sustain() (enough func()) {
	l.sustained.Add(1)
	return sync.OnceFunc(func() { l.sustained.Add(-1) })
}

// serve is one client's work. Without a key an order whose outcome is unknown is not sent again: it may exist.
func (l *Load) serve(ctx context.Context, c *client) error {
	users := l.plan.users(c.number)
	for n := 0; n < l.plan.share(c.number) || l.sustained.Load() > 0; n++ {
		if n >= l.plan.share(c.number) {
			if err := backoff.Sleep(ctx, sustainedPause); err != nil {
				return err
			}
		}
		name := Name(users())
		for refused := 0; l.place(ctx, c, name) == Refused; refused++ {
			if err := backoff.Sleep(ctx, pauses.Delay(refused)); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		l.settle()
	}
	return nil
}

func (l *Load) place(ctx context.Context, c *client, name string) Outcome {
	l.frozen.RLock()
	defer l.frozen.RUnlock()
	return c.place(ctx, name)
}

func (l *Load) settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled++
	l.waiters = slices.DeleteFunc(l.waiters, func(w waiter) bool {
		if l.settled < w.settled {
			return false
		}
		close(w.reached)
		return true
	})
}

// Await waits until a part of the orders, from 0 to 1, is acknowledged or unknown. It is how a fault finds its moment.
func (l *Load) Await(ctx context.Context, part float64) error {
	l.mu.Lock()
	w := waiter{settled: int(part * float64(l.plan.Orders)), reached: make(chan struct{})}
	if l.settled >= w.settled {
		close(w.reached)
	} else {
		l.waiters = append(l.waiters, w)
	}
	l.mu.Unlock()
	select {
	case <-w.reached:
		return nil
	case <-l.finished:
		return l.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Seed is the plan's, for faults that leave something to chance.
func (l *Load) Seed() uint64 { return l.plan.Seed }

// Hold is the plan's: how long a fault lasts that may last as long as one likes.
func (l *Load) Hold() time.Duration { return l.plan.Hold }

// Progress is how many orders are acknowledged or unknown, and how many are to be.
func (l *Load) Progress() (settled, orders int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settled, l.plan.Orders
}

// Wait waits for the clients to end and returns what they remember. The error says that they were cut short.
func (l *Load) Wait() (*Ledger, error) {
	<-l.finished
	return l.ledger, l.err
}
