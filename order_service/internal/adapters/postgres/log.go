package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
)

// tryLimit bounds one try of an append, so that a connection that is half open cannot hold the appender. It is longer
// than the session's lock_timeout, and short enough for another try within the batch's own limit.
const tryLimit = 2 * time.Second

// Log appends orders, as one writer among any number. It implements placing.Log.
type Log struct {
	pool       *pgxpool.Pool
	succession *Succession
	bell       *Bell
	writer     uuid.UUID
}

// NewLog makes a writer with an identity of its own: batch numbers count from 1 again. The pool's connections need
// Session, and the succession's watch.
func NewLog(pool *pgxpool.Pool, succession *Succession, bell *Bell) *Log {
	return &Log{pool: pool, succession: succession, bell: bell, writer: uuid.New()}
}

// Append stores the batch in one round trip and one transaction.
func (l *Log) Append(ctx context.Context, batch placing.Batch) ([]domain.Order, error) {
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	conn, err := l.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("append %d orders: %w", len(batch.Drafts), unavailable(err))
	}
	defer conn.Release()
	orders, err := l.append(ctx, conn.Conn(), batch)
	if errors.Is(err, errAppended) {
		orders, err = l.recall(ctx, conn.Conn(), batch)
	}
	if err != nil {
		return nil, fmt.Errorf("append %d orders: %w", len(batch.Drafts), err)
	}
	l.bell.ring()
	l.succession.saw(orders[len(orders)-1].ID)
	return orders, nil
}

// append returns errAppended when the batch's number, or a later one, was appended before.
//
// pgx sends the statements in one pipeline with one Sync, which PostgreSQL runs as one transaction. The ids are taken by
// a statement of its own since READ COMMITTED gives each statement a snapshot of its own: the second one's is taken when
// the lock on the log's row has been granted, and so sees what the lock's last holder committed. In one statement, lock
// and all, it would see the heads of before.
//
// A number that is not new is set to NULL, which the column refuses: nothing of the batch stays, its ids neither.
func (l *Log) append(ctx context.Context, conn *pgx.Conn, batch placing.Batch) ([]domain.Order, error) {
	const take = `UPDATE order_log SET last_id = last_id + $1 WHERE single RETURNING id::text`
	const store = `
		WITH writer AS (
			INSERT INTO order_writer AS w (id, batch, first_id, size, touched_at)
			SELECT $1, $2, last_id - $3 + 1, $3, clock_timestamp() FROM order_log WHERE single
			ON CONFLICT (id) DO UPDATE SET batch = CASE WHEN w.batch < excluded.batch THEN excluded.batch END,
				first_id = excluded.first_id, size = excluded.size, touched_at = excluded.touched_at
			RETURNING first_id, touched_at AS now
		), heads AS (
			UPDATE order_lane SET head = head + taken.orders
			FROM unnest($5::smallint[], $6::integer[]) AS taken (lane, orders)
			WHERE order_lane.lane = taken.lane
			RETURNING order_lane.lane, head, head - base AS place
		), stored AS (
			INSERT INTO orders (id, name, note, created_at, lane, sequence, traceparent)
			SELECT first_id + position - 1, name, note, now, lane, head - behind, traceparent
			FROM writer, heads JOIN unnest($7::text[], $8::text[], $9::text[], $10::smallint[], $11::integer[])
				WITH ORDINALITY AS draft (name, note, traceparent, lane, behind, position) USING (lane)
		)
		SELECT first_id, now, (SELECT array_agg(lane) FROM heads), (SELECT array_agg(place) FROM heads),
			CASE WHEN $4 THEN pg_notify('` + channel + `', '') END
		FROM writer`
	columns := columnsOf(batch.Drafts)
	pipeline := &pgx.Batch{}
	pipeline.Queue(take, len(batch.Drafts))
	pipeline.Queue(store, columns.args(l.writer, batch.Number, l.bell.isElsewhere())...)
	l.claim(pipeline, batch)
	results := conn.SendBatch(ctx, pipeline)
	orders, err := scan(results, batch.Drafts, columns)
	// Only now the server has said that the transaction is committed.
	if failure := results.Close(); failure != nil {
		return nil, interpret(failure)
	}
	if err != nil {
		return nil, interpret(err)
	}
	return orders, nil
}

func scan(results pgx.BatchResults, drafts []domain.Draft, columns columns) ([]domain.Order, error) {
	var (
		logID  string
		first  int64
		now    time.Time
		lanes  []int16
		places []int64
	)
	if err := results.QueryRow().Scan(&logID); err != nil {
		return nil, fmt.Errorf("take ids: %w", err)
	}
	if err := results.QueryRow().Scan(&first, &now, &lanes, &places, nil); err != nil {
		return nil, err
	}
	var last [domain.Lanes]int64
	for i, lane := range lanes {
		last[lane] = places[i]
	}
	orders := make([]domain.Order, len(drafts))
	for i, draft := range drafts {
		sequence := last[draft.Lane()] - int64(columns.behind[i])
		orders[i] = draft.Accept(first+int64(i), now.UTC(), logID, sequence)
	}
	return orders, nil
}

// recall reads the orders of a batch that was appended before. Once a later batch was appended nobody can say any more
// what became of this one: a number that was given up must not be asked for again.
func (l *Log) recall(ctx context.Context, conn *pgx.Conn, batch placing.Batch) ([]domain.Order, error) {
	const sql = `
		SELECT o.id, o.created_at, ` + placeColumns + `
		FROM order_writer w JOIN orders o ON o.id >= w.first_id AND o.id < w.first_id + w.size` + placeJoins + `
		WHERE w.id = $1 AND w.batch = $2
		ORDER BY o.id`
	rows, err := conn.Query(ctx, sql, l.writer, batch.Number)
	if err != nil {
		return nil, fmt.Errorf("%w: read the stored batch: %w", placing.ErrUnknownOutcome, err)
	}
	position := 0
	orders, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (domain.Order, error) {
		var (
			id, sequence int64
			at           time.Time
			logID        string
		)
		if err := row.Scan(&id, &at, &logID, nil, &sequence); err != nil || position == len(batch.Drafts) {
			return domain.Order{}, err
		}
		position++
		return batch.Drafts[position-1].Accept(id, at.UTC(), logID, sequence), nil
	})
	if err != nil {
		return nil, fmt.Errorf("%w: read the stored batch: %w", placing.ErrUnknownOutcome, err)
	}
	if len(orders) != len(batch.Drafts) {
		return nil, fmt.Errorf("%w: batch %d is not the last one, or not the same", placing.ErrUnknownOutcome, batch.Number)
	}
	return orders, nil
}
