package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// largeBatch is from how many users on a batch gets plans of its own: making them costs less than what they gain then.
const largeBatch = 256

var errNamesInCommon = errors.New("another transaction made a user of the batch")

// Most users of a batch are there: their counters are raised, and those that were not found are made. No other transaction
// does the same to one of them meanwhile. The lanes of a name are locked, and foreign events, whose names lie in lanes
// that are not, have the ledger for themselves (begin). What is left is two logs that have one name: should two batches
// make its user at once, the second one fails, and is tried again.

// queueRaise raises the counters of the users that are there, and sets how many those are.
func queueRaise(batch *pgx.Batch, counted countColumns, raised *int) {
	const sql = `
		UPDATE track_user u SET counter = u.counter + b.events, foreign_counter = u.foreign_counter + b.foreign_events,
			magnitude = CASE WHEN u.counter + b.events < 64 THEN 0
				ELSE floor(ln((u.counter + b.events)::float8 + 0.5) / ln(4::float8))::smallint END
		FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS b (name, events, foreign_events)
		WHERE u.name = b.name COLLATE "C"`
	batch.Queue(sql, counted.names, counted.events, counted.foreign).Exec(func(tag pgconn.CommandTag) error {
		*raised = int(tag.RowsAffected())
		return nil
	})
}

// insertNew makes the users that are not there, with their counts. It is an error when those are not as many as expected, or
// when another transaction is making one of them. ON CONFLICT would find the same, but costs each new row a tenth more.
func insertNew(ctx context.Context, conn *pgx.Conn, counted countColumns, expected int) error {
	const sql = `
		INSERT INTO track_user (name, counter, foreign_counter, magnitude)
		SELECT name, events, foreign_events,
			CASE WHEN events < 64 THEN 0 ELSE floor(ln(events::float8 + 0.5) / ln(4::float8))::smallint END
		FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS b (name, events, foreign_events)
		WHERE NOT EXISTS (SELECT FROM track_user u WHERE u.name = b.name COLLATE "C")
		ORDER BY name COLLATE "C"`
	tag, err := conn.Exec(ctx, sql, counted.names, counted.events, counted.foreign)
	if err == nil && int(tag.RowsAffected()) != expected {
		err = errNamesInCommon
	}
	return err
}

// queueChanged tells those who follow whose counters the transaction changes.
func queueChanged(batch *pgx.Batch, counted countColumns) {
	const sql = `INSERT INTO user_change (names) VALUES ($1)`
	batch.Queue(sql, counted.names)
}
