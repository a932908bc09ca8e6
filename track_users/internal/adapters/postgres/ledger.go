package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/shared/pgdb"
	"ordertrack/track_users/internal/application/joining"
	"ordertrack/track_users/internal/domain"
)

// tryLimit bounds one transaction, so that a connection that is half open cannot hold the consumer.
const tryLimit = 10 * time.Second

// Ledger applies events. It implements joining.Ledger, and tallying.Ledger.
type Ledger struct {
	pool *pgxpool.Pool
}

// NewLedger makes a ledger on a pool. The pool's connections need Session.
func NewLedger(pool *pgxpool.Pool) *Ledger { return &Ledger{pool: pool} }

// Apply applies one share.
func (l *Ledger) Apply(
	ctx context.Context, scope domain.Scope, decide func(domain.Marks) domain.Effects,
) (domain.Marks, error) {
	after, err := l.ApplyAll(ctx, []joining.Share{{Scope: scope, Decide: decide}})
	if err != nil {
		return domain.Marks{}, err
	}
	return after[0], nil
}

// ApplyAll locks the marks, decides, and writes, in one transaction. The locked rows also fence a consumer that has lost
// its partition and does not know yet: whoever comes second sees the marks that the first one left.
func (l *Ledger) ApplyAll(ctx context.Context, shares []joining.Share) ([]domain.Marks, error) {
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	scope := scopeOf(shares)
	after, err := l.apply(ctx, scope, shares)
	if errors.Is(err, errNoMarks) {
		if err = create(ctx, l.pool, scope); err == nil {
			after, err = l.apply(ctx, scope, shares)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("apply events: %w", interpret(err))
	}
	return after, nil
}

// apply returns errNoMarks when marks are missing.
func (l *Ledger) apply(ctx context.Context, scope scope, shares []joining.Share) (after []domain.Marks, err error) {
	err = pgdb.WithConn(ctx, l.pool, func(conn *pgx.Conn) error {
		marks, err := begin(ctx, conn, scope)
		if err != nil {
			return fmt.Errorf("lock the marks: %w", err)
		}
		var total effects
		total, after = decide(marks, shares)
		return write(ctx, conn, total)
	})
	return after, err
}

// write does the effects and commits.
func write(ctx context.Context, conn *pgx.Conn, total effects) error {
	batch, users, size := &pgx.Batch{}, 0, len(total.counts)
	counted := total.counts.columns()
	if counted.isDense() {
		pgdb.QueuePlanned(batch)
	}
	if size > 0 {
		queueCount(batch, counted, &users)
		queueChanged(batch, counted)
	}
	if err := queueParked(batch, total.parked); err != nil {
		return err
	}
	queueMarks(batch, total)
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if users != size {
		return errNotAllCounted
	}
	_, err := conn.Exec(ctx, "COMMIT")
	return err
}
