package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/shared/pgdb"
	"ordertrack/track_users/internal/domain"
)

// tryLimit bounds one transaction, so that a connection that is half open cannot hold the consumer.
const tryLimit = 10 * time.Second

// Ledger applies events. It implements tallying.Ledger.
type Ledger struct {
	pool *pgxpool.Pool
}

// NewLedger makes a ledger on a pool. The pool's connections need Session.
func NewLedger(pool *pgxpool.Pool) *Ledger { return &Ledger{pool: pool} }

// Apply locks the marks, decides, and writes, in one transaction. The locked rows also fence a consumer that has lost
// its partition and does not know yet: whoever comes second sees the marks that the first one left.
func (l *Ledger) Apply(
	ctx context.Context, scope domain.Scope, decide func(domain.Marks) domain.Effects,
) (domain.Marks, error) {
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	after, err := l.apply(ctx, scope, decide)
	if errors.Is(err, errNoMarks) {
		if err = create(ctx, l.pool, scope); err == nil {
			after, err = l.apply(ctx, scope, decide)
		}
	}
	if err != nil {
		return domain.Marks{}, fmt.Errorf("apply events: %w", interpret(err))
	}
	return after, nil
}

// apply returns errNoMarks when marks are missing.
func (l *Ledger) apply(
	ctx context.Context, scope domain.Scope, decide func(domain.Marks) domain.Effects,
) (after domain.Marks, err error) {
	err = pgdb.WithTx(ctx, l.pool, func(tx pgx.Tx) error {
		before, err := lock(ctx, tx, scope)
		if err != nil {
			return fmt.Errorf("lock the marks: %w", err)
		}
		effects := decide(before)
		after = effects.Apply(before)
		return write(ctx, tx, scope.Stream, effects)
	})
	return after, err
}

// write does the effects: new users in one round trip, since the rest depends on who is new, and all else in another.
func write(ctx context.Context, tx pgx.Tx, stream domain.Stream, effects domain.Effects) error {
	batch := &pgx.Batch{}
	if len(effects.Counts) > 0 {
		queueChanged(batch, effects.Counts)
		added, err := insertNew(ctx, tx, effects.Counts)
		if err != nil {
			return fmt.Errorf("insert new users: %w", err)
		}
		if known := without(effects.Counts, added); len(known) > 0 {
			queueRaise(batch, known)
		}
	}
	if len(effects.Parked) > 0 {
		if err := queueParked(batch, stream, effects.Parked); err != nil {
			return err
		}
	}
	queueMarks(batch, stream, effects)
	if batch.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, batch).Close()
}
