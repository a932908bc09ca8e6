// Package reading is the use case of looking up what was ordered, and what became of it.
package reading

import (
	"context"
	"fmt"
	"sync"

	"ordertrack/order_service/internal/domain"
)

// Reader looks orders up.
type Reader struct {
	orders Orders
	heads  Heads
	marks  *marks

	mu  sync.Mutex
	key []byte // that seals cursors, once it was read
}

// New makes a reader. Without a receiver (nil) no order is known to be counted.
func New(orders Orders, heads Heads, receiver Receiver) *Reader {
	return &Reader{orders: orders, heads: heads, marks: &marks{receiver: receiver}}
}

// Order looks an order up, and how far its event is. Errors: ErrNotFound, ErrUnavailable, wrapped.
func (r *Reader) Order(ctx context.Context, id int64) (domain.Order, domain.Status, error) {
	order, published, err := r.orders.ByID(ctx, id)
	switch {
	case err != nil:
		return domain.Order{}, 0, fmt.Errorf("look up order %d: %w", id, err)
	case r.marks.current(ctx).applied.Has(order.Place):
		return order, domain.Counted, nil
	case published:
		return order, domain.Published, nil
	default:
		return order, domain.Accepted, nil
	}
}

// Page is a part of a list.
type Page struct {
	Orders []domain.Order
	Next   string // cursor of the next page; empty on the last one
}

// List reads a page: the first one without a cursor. Errors: ErrCursor, ErrUnavailable, wrapped.
func (r *Reader) List(ctx context.Context, filter Filter, cursor string, limit int) (Page, error) {
	key, err := r.cursorKey(ctx)
	if err != nil {
		return Page{}, fmt.Errorf("list orders: %w", err)
	}
	query := Query{Filter: filter, Limit: limit + 1} // one more tells whether there is a next page
	if cursor != "" {
		position, err := openCursor(key, filter, cursor)
		if err != nil {
			return Page{}, fmt.Errorf("list orders: %w", err)
		}
		query.Behind = &position
	}
	orders, err := r.orders.Newest(ctx, query)
	if err != nil {
		return Page{}, fmt.Errorf("list orders: %w", err)
	}
	if len(orders) <= limit {
		return Page{Orders: orders}, nil
	}
	last := orders[limit-1]
	next := sealCursor(key, filter, Position{CreatedAt: last.CreatedAt, ID: last.ID})
	return Page{Orders: orders[:limit], Next: next}, nil
}

func (r *Reader) cursorKey(ctx context.Context) ([]byte, error) {
	r.mu.Lock()
	key := r.key
	r.mu.Unlock()
	if key != nil {
		return key, nil
	}
	key, err := r.orders.CursorKey(ctx) // not under the lock: who comes meanwhile reads the same
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller wraps it
	}
	r.mu.Lock()
	r.key = key
	r.mu.Unlock()
	return key, nil
}
