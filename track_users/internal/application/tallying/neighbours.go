package tallying

import (
	"context"
	"sync"

	"ordertrack/track_users/internal/domain"
)

// Neighbours are the tallies of one process. Each tells the others of the marks that it moves: when partitions were
// added, one lane lies in two of them, and whoever reads what is later need not look for the end of what is earlier.
// That is a hint and no more: the ledger decides, and looks find what nobody told.
type Neighbours struct {
	mu   sync.Mutex
	ears map[*ear]struct{}
}

// ear is how one tally hears of the others. Its fields are guarded by the neighbours' lock.
type ear struct {
	neighbours *Neighbours

	needs map[domain.Lane]int64 // what mark each lane must reach for something to become due
	heard map[domain.Lane]int64 // the marks that did
	wake  context.CancelFunc    // of who waits now
}

// NewNeighbours has none.
func NewNeighbours() *Neighbours { return &Neighbours{ears: make(map[*ear]struct{})} }

func (e *ear) join() {
	e.neighbours.mu.Lock()
	defer e.neighbours.mu.Unlock()
	e.neighbours.ears[e] = struct{}{}
}

func (e *ear) leave() {
	e.neighbours.mu.Lock()
	defer e.neighbours.mu.Unlock()
	delete(e.neighbours.ears, e)
}

// tell tells all others of marks as they are now.
func (e *ear) tell(marks map[domain.Lane]int64) {
	e.neighbours.mu.Lock()
	defer e.neighbours.mu.Unlock()
	for other := range e.neighbours.ears {
		if other != e && len(other.needs) > 0 {
			other.hear(marks)
		}
	}
}

func (e *ear) hear(marks map[domain.Lane]int64) {
	for lane, mark := range marks {
		need, waits := e.needs[lane]
		if !waits || mark < need {
			continue
		}
		if e.heard == nil {
			e.heard = make(map[domain.Lane]int64)
		}
		e.heard[lane] = max(e.heard[lane], mark)
	}
	if len(e.heard) > 0 && e.wake != nil {
		e.wake()
	}
}

// listen says what is waited for, until the next listen. The context that it returns ends with the first word of that.
func (e *ear) listen(ctx context.Context, needs map[domain.Lane]int64) (listening context.Context, stop context.CancelFunc) {
	listening, stop = context.WithCancel(ctx)
	e.neighbours.mu.Lock()
	defer e.neighbours.mu.Unlock()
	e.needs, e.wake = needs, stop
	if len(e.heard) > 0 {
		stop()
	}
	return listening, stop
}

// take gives what was heard.
func (e *ear) take() map[domain.Lane]int64 {
	e.neighbours.mu.Lock()
	defer e.neighbours.mu.Unlock()
	heard := e.heard
	e.heard, e.wake = nil, nil
	return heard
}
