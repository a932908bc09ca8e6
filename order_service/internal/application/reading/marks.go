package reading

import (
	"context"
	"sync"
	"time"

	"ordertrack/order_service/internal/domain"
)

const (
	fresh    = 500 * time.Millisecond // how long the receiver's answer, or its silence, is good for
	askLimit = time.Second            // how long a reader waits for it
)

// marks keep the receiver's last answer, so that many readers ask it as often as one. What was counted stays counted:
// the last answer holds while there is no new one.
type marks struct {
	receiver Receiver

	mu     sync.Mutex
	known  known
	asked  time.Time
	flight chan struct{} // closed when the one who asks is done; nil when nobody does
}

// known is an answer: what was applied at a time, at least. The zero value is none.
type known struct {
	applied domain.Applied
	at      time.Time
}

// current asks the receiver, or waits for somebody who asks already, unless the last answer is fresh.
func (m *marks) current(ctx context.Context) known {
	if m.receiver == nil {
		return known{}
	}
	m.mu.Lock()
	last, flight := m.known, m.flight
	stale := time.Since(m.asked) >= fresh
	if stale && flight == nil {
		m.flight = make(chan struct{})
	}
	m.mu.Unlock()
	switch {
	case !stale:
		return last
	case flight == nil:
		return m.ask(ctx)
	}
	select {
	case <-flight:
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known
}

func (m *marks) ask(ctx context.Context) known {
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		close(m.flight)
		m.flight = nil
	}()
	limited, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	begin := time.Now()
	progress, err := m.receiver.Progress(limited)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		m.known = known{progress.Applied, begin}
	}
	if ctx.Err() == nil { // else it was this reader who gave up, and the next one asks
		m.asked = time.Now()
	}
	return m.known
}
