package postgres

import "sync/atomic"

// Bell wakes the relay of the same process after an append. A NOTIFY is only for relays elsewhere: that, and the
// session which receives it, cost about a tenth of an append.
type Bell struct {
	leads atomic.Bool // whether the relay of this process has the turn
	rung  chan struct{}
}

// NewBell makes the bell of a process: its log rings it, its outbox listens.
func NewBell() *Bell { return &Bell{rung: make(chan struct{}, 1)} }

// isElsewhere tells whether another process has to be told of an append. When the turn moves just then, the new leader
// may miss one append until it looks by itself.
func (b *Bell) isElsewhere() bool { return !b.leads.Load() }

func (b *Bell) ring() {
	select {
	case b.rung <- struct{}{}:
	default: // it rings already
	}
}

// listen calls heard when the bell rings, until stop is called. Once stop has returned, a ring is kept for the next who
// listens.
func (b *Bell) listen(heard func()) (stop func()) {
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-b.rung:
			heard()
		case <-stopped:
		}
	}()
	return func() {
		close(stopped)
		<-ended
	}
}
