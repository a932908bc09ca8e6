package placing

import (
	"context"
	"errors"
	"time"

	"ordertrack/order_service/internal/domain"
)

//go:generate go tool mockgen -source=ports.go -destination=mocks/ports.go -package=mocks

// What a Log may answer when it has not said that a batch is stored.
var (
	// ErrUnavailable says that the batch is certainly not stored, and may be stored later.
	ErrUnavailable = errors.New("the log is not available")
	// ErrUnknownOutcome says that the batch may be stored: the answer got lost.
	ErrUnknownOutcome = errors.New("the outcome is not known")
	// ErrKeyTaken says that orders were stored before under one of the batch's keys, and that the batch is not stored.
	ErrKeyTaken = errors.New("orders were stored under this key before")
)

// Batch is what is appended at once: all of it or nothing.
type Batch struct {
	// Number grows with each batch of a process, from 1, as a Kafka producer's sequence does (KIP-98).
	Number int64
	Drafts []domain.Draft
	Claims []Claimed // of the orders that were asked for under a key
}

// Claim is a client's key for a request, and what the request was: hashes of both. A key is claimed once.
type Claim struct {
	Key, Request [32]byte
}

// Claimed says which drafts of a batch a claim is for: Size of them, from First on.
type Claimed struct {
	Claim

	First, Size int
}

// Log appends orders durably.
type Log interface {
	// Append stores the batch and returns its orders, in the order of the drafts. It is idempotent in the batch's
	// number: a batch that is tried again, because its outcome was not known, is stored once, and each try that learns
	// of it returns the same orders. A number below one that was appended is never appended any more.
	//
	// The claims are kept with the orders: both or none. A key that orders were stored under before refuses the batch.
	//
	// Errors: ErrUnavailable, ErrUnknownOutcome and, as a refusal, ErrKeyTaken, wrapped; any other error refuses the batch
	// for what is in it, and it is certainly not stored.
	Append(ctx context.Context, batch Batch) ([]domain.Order, error)
}

// Meter counts what becomes of orders. Its methods are called often, from several goroutines, and must not block.
type Meter interface {
	// Appended tells of a batch that is stored, and how long that took from the first try on.
	Appended(orders int, took time.Duration)
	// Failed tells of an order that was answered with an error: ErrBusy, ErrStopping, ErrAbandoned, ErrUnavailable,
	// ErrMayExist, or a refusal.
	Failed(err error)
}
