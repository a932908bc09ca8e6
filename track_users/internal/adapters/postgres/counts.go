package postgres

import (
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/domain"
)

// queueCounts raises counters. Rows are locked in the order of names before any is changed, so that two batches with
// names in common, as foreign events make them, cannot wait for each other in a circle. Users that are there are
// updated and only the others inserted: ON CONFLICT takes an id for every row proposed, and the ids would jump.
func queueCounts(batch *pgx.Batch, counts map[name.Name]domain.Count) {
	const sql = `
		WITH batch AS MATERIALIZED (
			SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS batch (name, events, foreign_events)
		), known AS MATERIALIZED (
			SELECT u.id, b.* FROM batch b JOIN track_user u ON u.name = b.name COLLATE "C"
			ORDER BY u.name
			FOR UPDATE OF u
		), raised AS (
			UPDATE track_user u SET counter = u.counter + k.events, foreign_counter = u.foreign_counter + k.foreign_events
			FROM known k WHERE u.id = k.id
		)
		INSERT INTO track_user AS u (name, counter, foreign_counter)
		SELECT b.name, b.events, b.foreign_events FROM batch b
		WHERE NOT EXISTS (SELECT FROM known k WHERE k.name = b.name)
		ORDER BY b.name COLLATE "C"
		ON CONFLICT (name) DO UPDATE
		SET counter = u.counter + excluded.counter, foreign_counter = u.foreign_counter + excluded.foreign_counter`
	sorted := slices.SortedFunc(maps.Keys(counts), func(a, b name.Name) int { return strings.Compare(a.String(), b.String()) })
	names := make([]string, len(sorted))
	events, foreign := make([]int64, len(sorted)), make([]int64, len(sorted))
	for i, who := range sorted {
		names[i], events[i], foreign[i] = who.String(), counts[who].Events, counts[who].Foreign
	}
	batch.Queue(sql, names, events, foreign)
}
