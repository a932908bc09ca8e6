package workload

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"ordertrack/shared/backoff"
)

// Load is a plan under way.
type Load struct {
	plan Plan

	mu       sync.Mutex
	settled  int // orders that are acknowledged or unknown
	waiters  []waiter
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
	l := &Load{plan: plan, finished: make(chan struct{})}
	go l.run(ctx)
	return l
}

func (l *Load) run(ctx context.Context) {
	defer close(l.finished)
	transport := &http.Transport{MaxIdleConnsPerHost: l.plan.Clients, DisableCompression: true}
	defer transport.CloseIdleConnections()
	clients := make([]*client, l.plan.Clients)
	var all errgroup.Group
	for i := range clients {
		clients[i] = &client{number: i, at: i, http: &http.Client{Transport: transport}, urls: l.plan.URLs}
		all.Go(func() error { return l.serve(ctx, clients[i]) })
	}
	l.err = all.Wait()
	records := make([][]Record, len(clients))
	for i, c := range clients {
		records[i] = c.records
	}
	l.ledger = NewLedger(records...)
}

// serve is one client's work. An order whose outcome is unknown is not sent again: it may exist.
func (l *Load) serve(ctx context.Context, c *client) error {
	users := l.plan.users(c.number)
	for range l.plan.share(c.number) {
		name := Name(users())
		for refused := 0; c.place(ctx, name) == Refused; refused++ {
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
