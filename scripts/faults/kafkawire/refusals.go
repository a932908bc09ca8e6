package kafkawire

import (
	"context"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Refusals is the choice of answers to Produce that are changed on their way: to one partition they say
// NOT_ENOUGH_REPLICAS_AFTER_APPEND, an error that asks for another try although the records are in the log, and to the
// others what the broker said. It serves any number of connections.
type Refusals struct {
	mu     sync.Mutex
	left   int
	pick   func(partitions int) int
	done   int
	change chan struct{} // closed, and replaced, when an answer was changed
}

// NewRefusals changes nothing until Refuse is called.
func NewRefusals() *Refusals { return &Refusals{change: make(chan struct{})} }

// Refuse changes the next n answers in which two partitions or more are acknowledged, and none is refused. pick chooses
// one of that many.
func (r *Refusals) Refuse(n int, pick func(partitions int) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left, r.pick, r.done = n, pick, 0
}

// Await waits until n answers were changed since Refuse.
func (r *Refusals) Await(ctx context.Context, n int) error {
	for {
		r.mu.Lock()
		done, change := r.done, r.change
		r.mu.Unlock()
		if done >= n {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (r *Refusals) wanted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.left > 0
}

// refuse changes an answer if it is one of those.
func (r *Refusals) refuse(response *kmsg.ProduceResponse) {
	var all []*kmsg.ProduceResponseTopicPartition
	for t := range response.Topics {
		for p := range response.Topics[t].Partitions {
			all = append(all, &response.Topics[t].Partitions[p])
		}
	}
	if len(all) < 2 || slices.ContainsFunc(all, func(p *kmsg.ProduceResponseTopicPartition) bool { return p.ErrorCode != 0 }) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == 0 {
		return
	}
	r.left--
	refused := all[r.pick(len(all))]
	refused.ErrorCode = kerr.NotEnoughReplicasAfterAppend.Code
	refused.BaseOffset, refused.LogAppendTime, refused.LogStartOffset = -1, -1, -1
	r.done++
	close(r.change)
	r.change = make(chan struct{})
}
