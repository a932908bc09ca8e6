package kafka

import (
	"sync"

	"github.com/IBM/sarama"

	"ordertrack/track_users/internal/domain"
)

// What a claim reads ahead at most while a batch is being applied: enough for the next batch, and no more memory than
// that, whatever the size of the events. One always fits.
const (
	aheadEvents = 8192
	aheadBytes  = 2 << 20
)

// backlog takes what Sarama delivers, one message at a time, and gives it as events in batches. So a batch is as large as the
// backlog is, and small when there is none.
type backlog struct {
	mu     sync.Mutex
	events []*domain.Event
	bytes  int
	ended  bool

	some chan struct{} // has a token when there may be something to take, or the end
	room chan struct{} // has a token when there may be room again
}

func newBacklog() *backlog {
	return &backlog{some: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// fill runs until the messages or stop end.
func (b *backlog) fill(messages <-chan *sarama.ConsumerMessage, stop <-chan struct{}) {
	defer b.end()
	var t translator
	for {
		select {
		case m, ok := <-messages:
			if !ok || !b.put(t.event(m), stop) {
				return
			}
		case <-stop:
			return
		}
	}
}

// put waits for room; it is false when stop ended that.
func (b *backlog) put(e *domain.Event, stop <-chan struct{}) bool {
	for !b.add(e) {
		select {
		case <-b.room:
		case <-stop:
			return false
		}
	}
	return true
}

func (b *backlog) add(e *domain.Event) bool {
	size := e.Size()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.events) > 0 && (len(b.events) >= aheadEvents || b.bytes+size > aheadBytes) {
		return false
	}
	b.events = append(b.events, e)
	b.bytes += size
	if len(b.events) == 1 {
		signal(b.some)
	}
	return true
}

func (b *backlog) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	signal(b.some)
}

// take gives what is there, limit at most, and whether there is an end after that. The token in some is to be taken
// before, and is put back when something is left.
func (b *backlog) take(limit int) (taken []*domain.Event, ended bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken = b.events
	if len(taken) > limit {
		taken, b.events = taken[:limit:limit], taken[limit:]
	} else {
		b.events = nil
	}
	for _, e := range taken {
		b.bytes -= e.Size()
	}
	if len(b.events) > 0 || b.ended {
		signal(b.some)
	}
	signal(b.room)
	return taken, b.ended && len(taken) == 0
}

func signal(token chan struct{}) {
	select {
	case token <- struct{}{}:
	default:
	}
}
