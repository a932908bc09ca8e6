package postgres

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/domain"
)

// Counters are raised in two steps, each of which takes rows in the order of names: first users that are new are
// inserted, then the others updated. So batches with names in common, as foreign events make them, cannot wait for each
// other in a circle: the second step waits only for batches that are in their second step too. (One upsert would also
// take an id for every row proposed, and the ids would jump.)

// insertNew inserts the users of a batch that are not there yet, with their counts, and returns their names. When
// another batch is inserting one of them, it waits for that batch's end; the user is then not new any more.
func insertNew(ctx context.Context, tx pgx.Tx, counts map[name.Name]domain.Count) ([]string, error) {
	const sql = `
		INSERT INTO track_user (name, counter, foreign_counter, magnitude)
		SELECT name, events, foreign_events,
			CASE WHEN events < 64 THEN 0 ELSE floor(ln(events::float8 + 0.5) / ln(4::float8))::smallint END
		FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS b (name, events, foreign_events)
		WHERE NOT EXISTS (SELECT FROM track_user u WHERE u.name = b.name COLLATE "C")
		ORDER BY name COLLATE "C"
		ON CONFLICT (name) DO NOTHING
		RETURNING name`
	names, events, foreign := countColumns(counts)
	rows, err := tx.Query(ctx, sql, names, events, foreign)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// queueRaise raises the counters of users that are there. All of them are locked before the first is changed.
func queueRaise(batch *pgx.Batch, counts map[name.Name]domain.Count) {
	const sql = `
		WITH known AS MATERIALIZED (
			SELECT u.id, b.events, b.foreign_events
			FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS b (name, events, foreign_events)
			JOIN track_user u ON u.name = b.name COLLATE "C"
			ORDER BY u.name
			FOR UPDATE OF u
		)
		UPDATE track_user u SET counter = u.counter + k.events, foreign_counter = u.foreign_counter + k.foreign_events,
			magnitude = CASE WHEN u.counter + k.events < 64 THEN 0
				ELSE floor(ln((u.counter + k.events)::float8 + 0.5) / ln(4::float8))::smallint END
		FROM known k WHERE u.id = k.id`
	names, events, foreign := countColumns(counts)
	batch.Queue(sql, names, events, foreign)
}

// queueChanged tells those who follow whose counters the transaction changes.
func queueChanged(batch *pgx.Batch, counts map[name.Name]domain.Count) {
	const sql = `INSERT INTO user_change (names) VALUES ($1)`
	names, _, _ := countColumns(counts)
	batch.Queue(sql, names)
}

// without gives the counts of all users but those named.
func without(counts map[name.Name]domain.Count, names []string) map[name.Name]domain.Count {
	if len(names) == 0 {
		return counts
	}
	rest := maps.Clone(counts)
	for _, who := range names {
		delete(rest, name.Restore(who))
	}
	return rest
}

func countColumns(counts map[name.Name]domain.Count) (names []string, events, foreign []int64) {
	sorted := slices.SortedFunc(maps.Keys(counts), func(a, b name.Name) int { return strings.Compare(a.String(), b.String()) })
	names = make([]string, len(sorted))
	events, foreign = make([]int64, len(sorted)), make([]int64, len(sorted))
	for i, who := range sorted {
		names[i], events[i], foreign[i] = who.String(), counts[who].Events, counts[who].Foreign
	}
	return names, events, foreign
}
