package placing

import (
	"sync/atomic"

	"ordertrack/order_service/internal/domain"
)

// A ticket's turn comes once: either the appender takes it or the caller abandons it, never both.
const (
	pending int32 = iota
	taken
	dropped
)

// ticket is an order in the queue.
type ticket struct {
	draft domain.Draft
	state atomic.Int32

	settled chan struct{} // closed when order and err are set
	order   domain.Order
	err     error
}

func newTicket(draft domain.Draft) *ticket {
	return &ticket{draft: draft, settled: make(chan struct{})}
}

func (t *ticket) take() bool    { return t.state.CompareAndSwap(pending, taken) }
func (t *ticket) abandon() bool { return t.state.CompareAndSwap(pending, dropped) }

func (t *ticket) settle(order domain.Order, err error) {
	t.order, t.err = order, err
	close(t.settled)
}
