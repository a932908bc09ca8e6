package kafka

import (
	"sync"

	"github.com/IBM/sarama"
)

// What a claim reads ahead at most while a batch is being applied: enough for the next batch, and no more memory than
// that, whatever the size of the records. One record always fits.
const (
	aheadRecords = 2048
	aheadBytes   = 2 << 20
)

// backlog takes what Sarama delivers, one record at a time, and gives it in batches. So a batch is as large as the
// backlog is, and small when there is none.
type backlog struct {
	mu       sync.Mutex
	messages []*sarama.ConsumerMessage
	bytes    int
	ended    bool

	some chan struct{} // has a token when there may be something to take, or the end
	room chan struct{} // has a token when there may be room again
}

func newBacklog() *backlog {
	return &backlog{some: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// fill runs until the messages or stop end.
func (b *backlog) fill(messages <-chan *sarama.ConsumerMessage, stop <-chan struct{}) {
	defer b.end()
	for {
		select {
		case m, ok := <-messages:
			if !ok || !b.put(m, stop) {
				return
			}
		case <-stop:
			return
		}
	}
}

// put waits for room; it is false when stop ended that.
func (b *backlog) put(m *sarama.ConsumerMessage, stop <-chan struct{}) bool {
	for !b.add(m) {
		select {
		case <-b.room:
		case <-stop:
			return false
		}
	}
	return true
}

func (b *backlog) add(m *sarama.ConsumerMessage) bool {
	size := sizeOf(m)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.messages) > 0 && (len(b.messages) >= aheadRecords || b.bytes+size > aheadBytes) {
		return false
	}
	b.messages = append(b.messages, m)
	b.bytes += size
	if len(b.messages) == 1 {
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
func (b *backlog) take(limit int) (taken []*sarama.ConsumerMessage, ended bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken = b.messages
	if len(taken) > limit {
		taken, b.messages = taken[:limit:limit], taken[limit:]
	} else {
		b.messages = nil
	}
	for _, m := range taken {
		b.bytes -= sizeOf(m)
	}
	if len(b.messages) > 0 || b.ended {
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

func sizeOf(m *sarama.ConsumerMessage) int {
	size := len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		size += len(h.Key) + len(h.Value)
	}
	return size
}
