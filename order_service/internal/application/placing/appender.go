package placing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/backoff"
)

// run is the appender: it ends when the queue is closed and empty.
func (p *Placer) run() {
	defer close(p.done)
	defer p.abort(ErrStopping) // frees the context
	for first := range p.queue {
		if batch := p.gather(first); len(batch) > 0 {
			p.settle(batch)
		}
	}
}

// gather takes what is waiting already, up to the limit. It never waits for more: what arrives while this batch is
// being committed makes up the next one.
func (p *Placer) gather(first *ticket) []*ticket {
	batch, size := make([]*ticket, 0, min(len(p.queue)+1, p.limits.Batch)), 0
	add := func(t *ticket) {
		p.waiting.Add(-int64(len(t.drafts)))
		if t.take() {
			batch, size = append(batch, t), size+len(t.drafts)
		}
	}
	add(first)
	for size < p.limits.Batch {
		select {
		case t, ok := <-p.queue:
			if !ok {
				return batch
			}
			add(t)
		default:
			return batch
		}
	}
	return batch
}

// settle appends a batch and gives each ticket its outcome. When the log refuses the batch for what is in it, each
// request is tried by itself, so that one does not take the others down; when it is for a key, those without one stay
// together.
func (p *Placer) settle(batch []*ticket) {
	ctx, cancel := context.WithTimeout(p.work, p.limits.AppendTimeout)
	defer cancel()
	err := p.append(ctx, batch)
	if !isRefusal(err) || len(batch) == 1 {
		settleAll(batch, err)
		return
	}
	var alone, together []*ticket
	for _, t := range batch {
		if t.claim == nil && errors.Is(err, ErrKeyTaken) {
			together = append(together, t)
		} else {
			alone = append(alone, t)
		}
	}
	if len(together) > 0 {
		p.settle(together) // without a key: it comes here no second time for one
	}
	for _, t := range alone {
		settleAll([]*ticket{t}, p.append(ctx, []*ticket{t}))
	}
}

// settleAll gives an error to tickets; without one they are settled already.
func settleAll(batch []*ticket, err error) {
	if err != nil {
		for _, t := range batch {
			t.settle(nil, err)
		}
	}
}

// append settles the tickets when they are stored; on an error they are still to be settled.
func (p *Placer) append(ctx context.Context, batch []*ticket) error {
	p.number++
	next := Batch{Number: p.number, Drafts: make([]domain.Draft, 0, len(batch))}
	for _, t := range batch {
		if t.claim != nil {
			next.Claims = append(next.Claims, Claimed{Claim: *t.claim, First: len(next.Drafts), Size: len(t.drafts)})
		}
		next.Drafts = append(next.Drafts, t.drafts...)
	}
	begin := time.Now()
	orders, err := p.try(ctx, next)
	if err != nil {
		return err
	}
	p.meter.Appended(len(orders), time.Since(begin))
	for _, t := range batch {
		size := len(t.drafts)
		t.settle(orders[:size:size], nil)
		orders = orders[size:]
	}
	return nil
}

// try appends a batch under its one number until it is stored, refused, or out of time. A number that is given up is
// never tried again, and the log never appends it after a later one: what was answered stays true.
func (p *Placer) try(ctx context.Context, batch Batch) ([]domain.Order, error) {
	unknown := false
	for attempt := 0; ; attempt++ {
		if ctx.Err() != nil {
			return nil, givenUp(unknown, context.Cause(ctx))
		}
		orders, err := p.log.Append(ctx, batch)
		switch {
		case err == nil && len(orders) == len(batch.Drafts):
			return orders, nil
		case err == nil:
			return nil, givenUp(true, fmt.Errorf("the log returned %d orders for %d", len(orders), len(batch.Drafts)))
		case errors.Is(err, ErrUnknownOutcome):
			unknown = true // and stays so: a later try that fails says nothing about this one
		case errors.Is(err, ErrUnavailable):
		case unknown:
			return nil, givenUp(true, err)
		default:
			return nil, err
		}
		if backoff.Sleep(ctx, p.limits.Retry.Delay(attempt)) != nil {
			return nil, givenUp(unknown, err)
		}
	}
}

// givenUp makes the final answer. It is one of the errors only: ErrMayExist never carries an error that says the order
// is certainly not stored.
func givenUp(unknown bool, last error) error {
	if unknown {
		return fmt.Errorf("%w: %s", ErrMayExist, last.Error())
	}
	if errors.Is(last, ErrUnavailable) || errors.Is(last, ErrStopping) {
		return last
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, last)
}

func isRefusal(err error) bool {
	return err != nil && !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrMayExist) && !errors.Is(err, ErrStopping)
}
