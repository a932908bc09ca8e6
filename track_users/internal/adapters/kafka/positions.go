package kafka

import (
	"sync"

	"ordertrack/track_users/internal/domain"
)

// positions are how far the claimed partitions are read. It implements reporting.Reader.
type positions struct {
	mu   sync.Mutex
	next map[domain.Stream]int64
}

// Positions are those of the partitions that are claimed now.
func (p *positions) Positions() []domain.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]domain.Position, 0, len(p.next))
	for stream, next := range p.next {
		all = append(all, domain.Position{Stream: stream, Next: next})
	}
	return all
}

func (p *positions) set(stream domain.Stream, next int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		p.next = make(map[domain.Stream]int64)
	}
	p.next[stream] = next
}

func (p *positions) forget(stream domain.Stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.next, stream)
}
