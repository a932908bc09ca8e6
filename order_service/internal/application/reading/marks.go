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

	mu      sync.Mutex
	applied domain.Applied
	asked   time.Time
	flight  chan struct{} // closed when the one who asks is done; nil when nobody does
}

// current asks the receiver, or waits for somebody who asks already, unless the last answer is fresh.
func (m *marks) current(ctx context.Context) domain.Applied {
	if m.receiver == nil {
		return nil
	}
	m.mu.Lock()
	applied, flight := m.applied, m.flight
	stale := time.Since(m.asked) >= fresh
	if stale && flight == nil {
		m.flight = make(chan struct{})
	}
	m.mu.Unlock()
	switch {
	case !stale:
		return applied
	case flight == nil:
		return m.ask(ctx)
	}
	select {
	case <-flight:
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.applied
}

func (m *marks) ask(ctx context.Context) domain.Applied {
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		close(m.flight)
		m.flight = nil
	}()
	limited, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	progress, err := m.receiver.Progress(limited)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		m.applied = progress.Applied
	}
	if ctx.Err() == nil { // else it was this reader who gave up, and the next one asks
		m.asked = time.Now()
	}
	return m.applied
}
