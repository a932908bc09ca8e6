package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// largeBatch is from how many users on a plan of its own costs a batch less than what it gains.
const largeBatch = 256

// isDense tells whether the batch counts so many users more than once that it has most of those who order. They are found
// sooner by reading the table, if it has not many more, than each by its index.
func (c countColumns) isDense() bool {
	var events int64
	for _, n := range c.events {
		events += n
	}
	users := int64(len(c.names))
	return users >= largeBatch && 2*events >= 3*users
}

var errNotAllCounted = errors.New("not every user of the batch was written")

// Most users of a batch are there: their counters are raised, and the others are made. No other transaction does the same
// to one of them meanwhile. The lanes of a name are locked, and foreign events, whose names lie in lanes that are not, have
// the ledger for themselves (begin). What is left is two logs that have one name: of two batches that raise its user the
// second one waits, and adds to what the first one left; of two that make it the second one fails, and is tried again.

// queueCount counts each user of the batch, and sets how many those were.
//
// MERGE looks each name up once. By an UPDATE, and an INSERT of those that it did not find, a batch of new users took twice
// the server's time; ON CONFLICT takes an id for each row, new or not.
func queueCount(batch *pgx.Batch, counted countColumns, users *int) {
	const sql = `
		MERGE INTO track_user u
		USING unnest($1::text[], $2::bigint[], $3::bigint[]) AS b (name, events, foreign_events)
			ON u.name = b.name COLLATE "C"
		WHEN MATCHED THEN UPDATE SET
			counter = u.counter + b.events, foreign_counter = u.foreign_counter + b.foreign_events,
			magnitude = CASE WHEN u.counter + b.events < 64 THEN 0
				ELSE floor(ln((u.counter + b.events)::float8 + 0.5) / ln(4::float8))::smallint END
		WHEN NOT MATCHED THEN INSERT (name, counter, foreign_counter, magnitude) VALUES (
			b.name, b.events, b.foreign_events,
			CASE WHEN b.events < 64 THEN 0 ELSE floor(ln(b.events::float8 + 0.5) / ln(4::float8))::smallint END)`
	batch.Queue(sql, counted.names, counted.events, counted.foreign).Exec(func(tag pgconn.CommandTag) error {
		*users = int(tag.RowsAffected())
		return nil
	})
}

// queueChanged tells those who follow whose counters the transaction changes.
func queueChanged(batch *pgx.Batch, counted countColumns) {
	const sql = `INSERT INTO user_change (names) VALUES ($1)`
	batch.Queue(sql, counted.names)
}
