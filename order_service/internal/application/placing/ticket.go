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

// ticket is a request in the queue: its orders are stored together.
type ticket struct {
	drafts []domain.Draft
	one    [1]domain.Draft // where drafts are when there is one, as nearly always
	claim  *Claim
	state  atomic.Int32

	settled chan struct{} // closed when orders and err are set
	orders  []domain.Order
	err     error
}

func newTicket(drafts int, claim *Claim) *ticket {
	t := &ticket{claim: claim, settled: make(chan struct{})}
	if t.drafts = t.one[:0]; drafts > 1 {
		t.drafts = make([]domain.Draft, 0, drafts)
	}
	return t
}

func (t *ticket) take() bool    { return t.state.CompareAndSwap(pending, taken) }
func (t *ticket) abandon() bool { return t.state.CompareAndSwap(pending, dropped) }

func (t *ticket) settle(orders []domain.Order, err error) {
	t.orders, t.err = orders, err
	close(t.settled)
}
