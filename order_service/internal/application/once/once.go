// Package once is the use case of placing the orders of a request once, however often the client sends it: a key that the
// client made up is stored with the orders, in the same transaction.
package once

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/backoff"
)

// What Place may answer beside the errors of placing.
var (
	// ErrReused says that the key belongs to another request.
	ErrReused = errors.New("the key belongs to another request")
	// ErrInFlight says that a request with this key is under way.
	ErrInFlight = errors.New("a request with this key is under way")
)

// Old keys are looked for this often, and deleted with pauses in between.
const (
	forgetEvery = time.Minute
	forgetPause = 100 * time.Millisecond
)

// Answer is what a client is told of its orders: always the same for one key.
type Answer struct {
	FirstID int64        // the ids are consecutive
	Size    int          // how many there are
	Place   domain.Place // of the first one
}

// Once places orders under keys.
type Once struct {
	placer Placer
	keys   Keys
	log    *slog.Logger

	mu       sync.Mutex
	inFlight map[[32]byte]struct{}
}

// New makes one.
func New(placer Placer, keys Keys, log *slog.Logger) *Once {
	return &Once{placer: placer, keys: keys, log: log, inFlight: make(map[[32]byte]struct{})}
}

// Place stores the orders, or finds those that were stored under the key before. Whatever ended an earlier try, be it a
// crash between the commit and the answer: the log's transaction has the key or it has not.
//
// Errors: ErrReused, ErrInFlight, and those of placing.Placer. After placing.ErrMayExist the same request may be sent again.
func (o *Once) Place(ctx context.Context, claim placing.Claim, requests []placing.Request) (Answer, error) {
	if !o.begin(claim.Key) {
		return Answer{}, ErrInFlight
	}
	defer o.end(claim.Key)
	answer, err := o.find(ctx, claim)
	if !errors.Is(err, ErrUnknownKey) {
		return answer, err
	}
	orders, err := o.placer.PlaceAll(ctx, requests, &claim)
	if errors.Is(err, placing.ErrKeyTaken) { // by another replica, or by an earlier try that was committed late
		return o.find(ctx, claim)
	}
	if err != nil {
		return Answer{}, fmt.Errorf("under a key: %w", err)
	}
	return Answer{FirstID: orders[0].ID, Size: len(orders), Place: orders[0].Place}, nil
}

func (o *Once) find(ctx context.Context, claim placing.Claim) (Answer, error) {
	kept, err := o.keys.Find(ctx, claim.Key)
	if err != nil {
		return Answer{}, fmt.Errorf("under a key: %w", err)
	}
	if kept.Request != claim.Request {
		return Answer{}, ErrReused
	}
	return kept.Answer, nil
}

func (o *Once) begin(key [32]byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, taken := o.inFlight[key]; taken {
		return false
	}
	o.inFlight[key] = struct{}{}
	return true
}

func (o *Once) end(key [32]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.inFlight, key)
}

// Run forgets old keys until ctx ends.
func (o *Once) Run(ctx context.Context) error {
	pause := forgetEvery
	for backoff.Sleep(ctx, pause) == nil {
		more, err := o.keys.Forget(ctx)
		if err != nil && ctx.Err() == nil {
			o.log.WarnContext(ctx, "cannot forget old idempotency keys", "error", err)
		}
		if pause = forgetEvery; more {
			pause = forgetPause
		}
	}
	return nil
}
