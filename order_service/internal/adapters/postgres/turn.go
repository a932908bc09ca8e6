package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/name"
)

// callLimit bounds each statement of the relay: a session that does not answer for so long is lost.
const callLimit = 5 * time.Second

// turn is the session that holds the relay's lock, and does all that the leading relay does: what is lost together
// with the lock cannot go on without it. It implements relaying.Log
// and retransmitting.Archive.
type turn struct {
	conn *pgx.Conn
	bell *Bell
}

// Next reads behind the cursor. The note stays in the database: it is not part of the event.
func (t *turn) Next(ctx context.Context, limit int) ([]domain.Placed, error) {
	const sql = `
		SELECT o.id, o.name, o.created_at, o.traceparent, ` + placeColumns + `
		FROM (
			SELECT * FROM orders WHERE id > (SELECT published FROM relay_cursor) ORDER BY id LIMIT $1
		) o` + placeJoins + `
		ORDER BY o.id`
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	rows, err := t.conn.Query(ctx, sql, limit)
	if err != nil {
		return nil, fmt.Errorf("read the orders: %w", err)
	}
	placed, err := pgx.CollectRows(rows, toPlaced)
	if err != nil {
		return nil, fmt.Errorf("read the orders: %w", err)
	}
	return placed, nil
}

func toPlaced(row pgx.CollectableRow) (domain.Placed, error) {
	var (
		p   domain.Placed
		who string
	)
	err := row.Scan(&p.OrderID, &who, &p.PlacedAt, &p.TraceParent, &p.Place.LogID, &p.Place.Lane, &p.Place.Sequence)
	p.Name, p.PlacedAt = name.Restore(who), p.PlacedAt.UTC()
	return p, err
}

// Advance moves the cursor, never back.
func (t *turn) Advance(ctx context.Context, id int64) error {
	const sql = `UPDATE relay_cursor SET published = $1 WHERE published < $1`
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if _, err := t.conn.Exec(ctx, sql, id); err != nil {
		return fmt.Errorf("move the cursor: %w", err)
	}
	return nil
}

// Wait waits for the bell, or the notification of an append elsewhere. A time limit does not harm the connection here.
func (t *turn) Wait(ctx context.Context, limit time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stop := t.bell.listen(cancel)
	defer stop()
	_, err := t.conn.WaitForNotification(limited)
	switch {
	case err == nil:
		t.forgetNotifications(ctx)
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case limited.Err() != nil && !t.conn.IsClosed():
		return nil
	default:
		return fmt.Errorf("listen for appends: %w", err)
	}
}

// forgetNotifications drops those that were received while the last batch was relayed: one look at the log serves all.
func (t *turn) forgetNotifications(ctx context.Context) {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for {
		if _, err := t.conn.WaitForNotification(ended); err != nil {
			return
		}
	}
}

// end closes the session, and with it gives the turn back, even when ctx has ended.
func (t *turn) end(ctx context.Context) {
	t.bell.leads.Store(false)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	_ = t.conn.Close(ctx) // whatever it says, the connection is closed
}
