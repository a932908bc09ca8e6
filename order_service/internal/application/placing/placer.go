// Package placing is the use case of placing an order. Requests that arrive while a batch is being committed make up
// the next batch: a lone request never waits for others, and a crowd shares one commit.
package placing

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/backoff"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
)

// The domain may not import the event contract; the two must agree on the number of lanes. This does not compile else.
var _ = [1]struct{}{}[domain.Lanes-event.Lanes]

// Limits bound what a Placer holds and how long it tries.
type Limits struct {
	Queue         int           // orders that may wait; one more is refused
	Batch         int           // orders from which on no further request is taken into a transaction
	AppendTimeout time.Duration // how long a batch is tried
	Retry         backoff.Policy
}

// DefaultLimits suit a database nearby: a batch takes a few milliseconds there.
func DefaultLimits() Limits {
	return Limits{
		Queue:         4096,
		Batch:         500,
		AppendTimeout: 5 * time.Second,
		Retry:         backoff.Policy{Base: 20 * time.Millisecond, Max: 500 * time.Millisecond},
	}
}

// Request is what a client asks for.
type Request struct {
	Name        name.Name
	Note        domain.Note
	TraceParent string // W3C Trace Context; empty for none
}

// Placer appends orders to the log, batch by batch, in one goroutine that Start begins and Stop ends.
type Placer struct {
	log    Log
	meter  Meter
	limits Limits
	number int64 // of the last batch; the appender's own

	queue   chan *ticket
	waiting atomic.Int64    // orders in the queue
	work    context.Context // ends when a stop has run out of time
	abort   context.CancelCauseFunc
	done    chan struct{}

	mu      sync.RWMutex // held for reading while a ticket is put into the queue
	started bool
	stopped bool
}

// New makes a placer. It takes orders at once, and begins to append them on Start.
func New(log Log, meter Meter, limits Limits) *Placer {
	work, abort := context.WithCancelCause(context.Background())
	return &Placer{
		log: log, meter: meter, limits: limits,
		queue: make(chan *ticket, limits.Queue),
		work:  work, abort: abort,
		done: make(chan struct{}),
	}
}

// Place stores an order and returns it once it is durable. When ctx ends before the order's turn came, the order is
// dropped; after that, its outcome is waited for, which takes a batch's time limit at the most.
//
// Errors: ErrBusy, ErrStopping, ErrAbandoned, ErrUnavailable, ErrMayExist; any other is a refusal of this order.
func (p *Placer) Place(ctx context.Context, request Request) (domain.Order, error) {
	t := newTicket(1, nil)
	if err := t.add(request); err != nil {
		return domain.Order{}, p.failed(err)
	}
	orders, err := p.place(ctx, t)
	if err != nil {
		return domain.Order{}, p.failed(err)
	}
	return orders[0], nil
}

// PlaceAll stores the orders of one request, all or none, under the claim if there is one. Their ids are consecutive.
// Errors: those of Place, for all of them, and ErrKeyTaken.
func (p *Placer) PlaceAll(ctx context.Context, requests []Request, claim *Claim) ([]domain.Order, error) {
	t := newTicket(len(requests), claim)
	for _, request := range requests {
		if err := t.add(request); err != nil {
			return nil, p.failed(err)
		}
	}
	orders, err := p.place(ctx, t)
	if err != nil {
		return nil, p.failed(err)
	}
	return orders, nil
}

func (p *Placer) failed(err error) error {
	p.meter.Failed(err)
	return fmt.Errorf("place an order: %w", err)
}

func (t *ticket) add(r Request) error {
	draft, err := domain.NewDraft(r.Name, r.Note, event.LaneOf(r.Name), r.TraceParent)
	if err != nil {
		return err //nolint:wrapcheck // the caller wraps it
	}
	t.drafts = append(t.drafts, draft)
	return nil
}

func (p *Placer) place(ctx context.Context, t *ticket) ([]domain.Order, error) {
	if ctx.Err() != nil {
		return nil, abandoned(ctx)
	}
	if err := p.enqueue(t); err != nil {
		return nil, err
	}
	select {
	case <-t.settled:
	case <-ctx.Done():
		if t.abandon() {
			return nil, abandoned(ctx)
		}
		<-t.settled // the appender has it and always settles it
	}
	return t.orders, t.err
}

func (p *Placer) enqueue(t *ticket) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.stopped {
		return ErrStopping
	}
	size := int64(len(t.drafts))
	// Many orders at once are taken into an empty queue, too, when they are more than it may hold.
	if waiting := p.waiting.Add(size); waiting > int64(p.limits.Queue) && waiting > size {
		p.waiting.Add(-size)
		return ErrBusy
	}
	select {
	case p.queue <- t:
		return nil
	default:
		p.waiting.Add(-size)
		return ErrBusy
	}
}

// Queued is how many orders wait for their turn.
func (p *Placer) Queued() int { return int(p.waiting.Load()) }

// Start begins to append. It does nothing the second time, and after Stop.
func (p *Placer) Start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started || p.stopped {
		return
	}
	p.started = true
	go p.run()
}

// Stop refuses new orders and waits until those accepted are settled. When ctx ends first it gives up on the rest, which
// are answered ErrStopping, or ErrMayExist where that is so, and returns the context's cause. It may be called again,
// and before Start.
func (p *Placer) Stop(ctx context.Context) error {
	p.mu.Lock()
	if !p.stopped {
		p.stopped = true
		close(p.queue)
		if !p.started {
			p.abort(ErrStopping)
			go p.run() //nolint:contextcheck // settles what waits; the appender has a context of its own
		}
	}
	p.mu.Unlock()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		p.abort(ErrStopping)
		<-p.done
		return fmt.Errorf("finish the accepted orders: %w", context.Cause(ctx))
	}
}

func abandoned(ctx context.Context) error {
	return errors.Join(ErrAbandoned, context.Cause(ctx))
}
