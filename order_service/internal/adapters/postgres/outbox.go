package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/order_service/internal/application/relaying"
	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/shared/backoff"
)

const (
	// relayLock is the session advisory lock that the leading relay holds: "orderlog" in ASCII.
	relayLock int64 = 0x6f726465726c6f67
	// channel is where each append notifies the relay.
	channel = "order_log"
)

var errTaken = errors.New("another relay leads")

// turnPolicy paces the tries of a relay that waits for its turn: about a second apart, never all replicas at once.
var turnPolicy = backoff.Policy{Base: 1500 * time.Millisecond, Max: 1500 * time.Millisecond}

// Outbox lets one relay at a time have the log, by an advisory lock of its session. It implements relaying.Outbox.
type Outbox struct {
	pool *pgxpool.Pool
	bell *Bell
}

// NewOutbox makes the relay's side of the log. While it leads it takes a connection out of the pool for itself.
func NewOutbox(pool *pgxpool.Pool, bell *Bell) *Outbox { return &Outbox{pool: pool, bell: bell} }

// Lead waits for its turn and runs work with it. The turn lasts as long as its database session: when work returns, or
// the connection is lost, the server gives the lock to another.
func (o *Outbox) Lead(ctx context.Context, work func(relaying.Log, retransmitting.Archive) error) error {
	for {
		turn, err := o.try(ctx)
		if err == nil {
			defer turn.end(ctx)
			return work(turn, turn)
		}
		if !errors.Is(err, errTaken) {
			return err
		}
		if err := backoff.Sleep(ctx, turnPolicy.Delay(0)); err != nil {
			return err
		}
	}
}

// try returns errTaken when another relay leads.
func (o *Outbox) try(ctx context.Context) (*turn, error) {
	const sql = `SELECT pg_try_advisory_lock($1)`
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	conn, err := o.pool.Acquire(limited)
	if err != nil {
		return nil, fmt.Errorf("connect the relay: %w", err)
	}
	var leads bool
	if err := conn.QueryRow(limited, sql, relayLock).Scan(&leads); err != nil {
		conn.Release() // it was closed if the lock may be ours
		return nil, fmt.Errorf("ask for the relay's turn: %w", err)
	}
	if !leads {
		conn.Release()
		return nil, errTaken
	}
	turn := &turn{conn: conn.Hijack(), bell: o.bell}
	if _, err := turn.conn.Exec(limited, "LISTEN "+channel); err != nil {
		turn.end(ctx)
		return nil, fmt.Errorf("listen for appends: %w", err)
	}
	// A cursor that a crash of the server sets back by a moment has events published twice, which is harmless. So it need
	// not be flushed, which would make appends wait.
	if _, err := turn.conn.Exec(limited, "SET synchronous_commit = off"); err != nil {
		turn.end(ctx)
		return nil, fmt.Errorf("prepare the relay's session: %w", err)
	}
	o.bell.leads.Store(true)
	return turn, nil
}
