package once

import (
	"context"
	"errors"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
)

//go:generate go tool mockgen -source=ports.go -destination=mocks/ports.go -package=mocks

// ErrUnknownKey says that nothing is stored under a key.
var ErrUnknownKey = errors.New("nothing is stored under this key")

// Kept is what was stored under a key.
type Kept struct {
	Answer

	Request [32]byte // hash of what was asked for
}

// Keys remembers keys, with the orders that were stored under them, for a day at least.
type Keys interface {
	// Find looks up what was stored under a key. Errors: ErrUnknownKey, placing.ErrUnavailable, wrapped.
	Find(ctx context.Context, key [32]byte) (Kept, error)
	// Forget deletes some of the keys that are older than a day, and tells whether there may be more of them.
	Forget(ctx context.Context) (more bool, err error)
}

// Placer stores orders under a claim. Errors: those of placing.Placer, and placing.ErrKeyTaken.
type Placer interface {
	PlaceAll(ctx context.Context, requests []placing.Request, claim *placing.Claim) ([]domain.Order, error)
}
