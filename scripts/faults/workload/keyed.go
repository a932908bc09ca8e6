package workload

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"ordertrack/shared/backoff"
)

// repeatEvery is which orders are sent again although they were answered at once.
const repeatEvery = 8

// answer is what all answers to one key must have in common.
type answer struct {
	id                    int64
	status                int // 0: none came in time
	kind, location, token string
	body                  string
}

// insist sends an order under a key of its own until it is answered, whatever becomes of the connections and of the
// process behind them. Afterwards it asks once more, and holds the two answers against each other.
func (c *client) insist(ctx context.Context, name string, tag Tag) Record {
	record := Record{Name: name}
	first, tries, begun := c.untilAnswered(ctx, name, tag)
	switch first.status {
	case 0:
		return record
	case http.StatusCreated:
		record.Outcome, record.ID = Acknowledged, first.id
	default:
		record.Outcome = Refused
		return record
	}
	c.retries.answered(tries, begun, first.id)
	if tries == 1 && tag.Number%repeatEvery != 0 {
		return record
	}
	switch again, _, _ := c.untilAnswered(ctx, name, tag); {
	case again.status == 0: // cut short
	case again != first:
		record.Conflict = fmt.Sprintf("%+v, and before that %+v", again, first)
	default:
		c.retries.same()
	}
	return record
}

// untilAnswered gives the first clear answer, how many tries it took, and when the last one was begun. Go's client may
// have sent a request with a key again by itself; that counts as the same try.
func (c *client) untilAnswered(ctx context.Context, name string, tag Tag) (first answer, tries int, begun time.Time) {
	for tries = 1; ; tries++ {
		begun = time.Now()
		if got, err := c.exchange(ctx, name, tag.String(), tag.String()); err == nil && isClear(got.status) {
			return answerOf(got), tries, begun
		}
		c.at++
		if backoff.Sleep(ctx, pauses.Delay(tries)) != nil {
			return answer{}, tries, begun
		}
	}
}

func answerOf(r reply) answer {
	a := answer{
		status: r.status, kind: r.header.Get("Content-Type"), location: r.header.Get("Location"),
		token: r.header.Get("Order-Token"), body: string(r.body),
	}
	if a.status == http.StatusCreated {
		a.id = r.id()
	}
	return a
}

// isClear is for answers that the same request would get again.
func isClear(status int) bool {
	return status == http.StatusCreated ||
		status >= 400 && status < 500 && status != http.StatusConflict && status != http.StatusTooManyRequests
}

// retries is what came of orders that were sent again under their keys.
type retries struct {
	mu                  sync.Mutex
	marked              time.Time
	last                int64
	recovered, repeated int
}

func (r *retries) answered(tries int, begun time.Time, id int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if tries > 1 && !r.marked.IsZero() && begun.After(r.marked) && id <= r.last {
		r.recovered++
	}
}

func (r *retries) same() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.repeated++
}

// Mark says that the orders up to an id exist.
func (l *Load) Mark(last int64) {
	l.retries.mu.Lock()
	defer l.retries.mu.Unlock()
	l.retries.marked, l.retries.last = time.Now(), last
}

// Recovered is how many orders of clients with keys existed at a Mark although nobody had been told: they were sent
// before, and a try that began after the Mark was the first one to be answered.
func (l *Load) Recovered() int {
	l.retries.mu.Lock()
	defer l.retries.mu.Unlock()
	return l.retries.recovered
}

// Repeated is how many keys were answered twice, and both times the same.
func (l *Load) Repeated() int {
	l.retries.mu.Lock()
	defer l.retries.mu.Unlock()
	return l.retries.repeated
}
