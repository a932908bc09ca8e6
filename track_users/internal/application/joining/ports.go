package joining

import (
	"context"

	"ordertrack/track_users/internal/domain"
)

//go:generate go tool mockgen -source=ports.go -destination=mocks/ports.go -package=mocks

// Share is what one tally wants to have applied: tallying.Ledger says what scope and decide are.
type Share struct {
	Scope  domain.Scope
	Decide func(domain.Marks) domain.Effects
}

// Ledger applies several shares at once.
type Ledger interface {
	// ApplyAll does for each share what tallying.Ledger's Apply does, for all in one transaction, and returns the marks of
	// each share's scope. A share is decided on the marks that the shares before it leave.
	//
	// Errors: those of tallying.Ledger's Apply; nothing of any share was done then.
	ApplyAll(ctx context.Context, shares []Share) ([]domain.Marks, error)
}
