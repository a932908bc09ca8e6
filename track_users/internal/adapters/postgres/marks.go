package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/track_users/internal/domain"
)

// errNoMarks says that some of the marks are not there yet.
var errNoMarks = errors.New("marks are missing")

// ledgerLock is an advisory lock: "trkusers" in ASCII. Transactions with foreign events have it for themselves, and all
// others share it: foreign events name any user, and users are changed in any order.
const ledgerLock int64 = 0x74726b7573657273

// begin begins a transaction and locks the marks, always in the same order.
func begin(ctx context.Context, conn *pgx.Conn, scope scope) (marks, error) {
	const lanesSQL = `
		SELECT source, lane, applied FROM lane_mark
		WHERE (source, lane) IN (SELECT * FROM unnest($1::text[], $2::smallint[]))
		ORDER BY source, lane
		FOR UPDATE`
	const foreignSQL = `SELECT applied_offset FROM partition_mark WHERE topic_id = $1 AND partition = $2`
	found := marks{
		lanes:   make(map[domain.Lane]int64, len(scope.lanes)),
		foreign: make(map[domain.Stream]int64, len(scope.streams)),
	}
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	if len(scope.streams) > 0 {
		batch.Queue(`SELECT pg_advisory_xact_lock($1)`, ledgerLock)
	} else {
		batch.Queue(`SELECT pg_advisory_xact_lock_shared($1)`, ledgerLock)
	}
	if len(scope.lanes) > 0 {
		sources, numbers := columns(scope.lanes)
		batch.Queue(lanesSQL, sources, numbers).Query(func(rows pgx.Rows) error {
			var (
				lane    domain.Lane
				applied int64
			)
			_, err := pgx.ForEachRow(rows, []any{&lane.Source, &lane.Number, &applied}, func() error {
				found.lanes[lane] = applied
				return nil
			})
			return err
		})
	}
	for _, stream := range scope.streams {
		batch.Queue(foreignSQL, [16]byte(stream.TopicID), stream.Partition).Query(func(rows pgx.Rows) error {
			var applied int64
			_, err := pgx.ForEachRow(rows, []any{&applied}, func() error {
				found.foreign[stream] = applied
				return nil
			})
			return err
		})
	}
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return marks{}, err
	}
	if len(found.lanes) < len(scope.lanes) || len(found.foreign) < len(scope.streams) {
		return marks{}, errNoMarks
	}
	return found, nil
}

// create makes the marks that are missing, in a transaction of its own: one that holds some marks already and waits for
// another that makes the rest could wait in a circle.
func create(ctx context.Context, pool *pgxpool.Pool, scope scope) error {
	const lanesSQL = `
		INSERT INTO lane_mark (source, lane)
		SELECT source, lane FROM unnest($1::text[], $2::smallint[]) AS missing (source, lane)
		ORDER BY source, lane
		ON CONFLICT DO NOTHING`
	const foreignSQL = `INSERT INTO partition_mark (topic_id, partition) VALUES ($1, $2) ON CONFLICT DO NOTHING`
	batch := &pgx.Batch{}
	if len(scope.lanes) > 0 {
		sources, numbers := columns(scope.lanes)
		batch.Queue(lanesSQL, sources, numbers)
	}
	for _, stream := range scope.streams {
		batch.Queue(foreignSQL, [16]byte(stream.TopicID), stream.Partition)
	}
	return pool.SendBatch(ctx, batch).Close()
}

// queueMarks moves the marks, each forward only: they are locked, and the effects were decided on them.
func queueMarks(batch *pgx.Batch, total effects) {
	const lanesSQL = `
		UPDATE lane_mark SET applied = moved.applied
		FROM unnest($1::text[], $2::smallint[], $3::bigint[]) AS moved (source, lane, applied)
		WHERE lane_mark.source = moved.source AND lane_mark.lane = moved.lane`
	const foreignSQL = `
		UPDATE partition_mark SET applied_offset = $3 WHERE topic_id = $1 AND partition = $2`
	if len(total.lanes) > 0 {
		lanes := make([]domain.Lane, 0, len(total.lanes))
		applied := make([]int64, 0, len(total.lanes))
		for lane, mark := range total.lanes {
			lanes, applied = append(lanes, lane), append(applied, mark)
		}
		sources, numbers := columns(lanes)
		batch.Queue(lanesSQL, sources, numbers, applied)
	}
	for stream, offset := range total.foreign {
		batch.Queue(foreignSQL, [16]byte(stream.TopicID), stream.Partition, offset)
	}
}

func columns(lanes []domain.Lane) (sources []string, numbers []int16) {
	sources, numbers = make([]string, len(lanes)), make([]int16, len(lanes))
	for i, lane := range lanes {
		sources[i], numbers[i] = lane.Source, int16(lane.Number) //nolint:gosec // lanes are below 64
	}
	return sources, numbers
}
