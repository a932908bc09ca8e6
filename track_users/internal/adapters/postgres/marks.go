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

// notThere stands for a foreign mark that has no row yet.
const notThere = domain.NoOffset - 1

// lock locks the marks of a scope, always in the same order.
func lock(ctx context.Context, tx pgx.Tx, scope domain.Scope) (domain.Marks, error) {
	const lanesSQL = `
		SELECT source, lane, applied FROM lane_mark
		WHERE (source, lane) IN (SELECT * FROM unnest($1::text[], $2::smallint[]))
		ORDER BY source, lane
		FOR UPDATE`
	const foreignSQL = `
		SELECT applied_offset FROM partition_mark WHERE topic_id = $1 AND partition = $2 FOR UPDATE`
	marks := domain.Marks{Lanes: make(map[domain.Lane]int64, len(scope.Lanes)), Foreign: domain.NoOffset}
	if scope.Foreign {
		marks.Foreign = notThere
	}
	batch := &pgx.Batch{}
	if len(scope.Lanes) > 0 {
		sources, numbers := columns(scope.Lanes)
		batch.Queue(lanesSQL, sources, numbers).Query(func(rows pgx.Rows) error {
			var (
				lane    domain.Lane
				applied int64
			)
			_, err := pgx.ForEachRow(rows, []any{&lane.Source, &lane.Number, &applied}, func() error {
				marks.Lanes[lane] = applied
				return nil
			})
			return err
		})
	}
	if scope.Foreign {
		batch.Queue(foreignSQL, [16]byte(scope.Stream.TopicID), scope.Stream.Partition).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&marks.Foreign}, func() error { return nil })
			return err
		})
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return domain.Marks{}, err
	}
	if len(marks.Lanes) < len(scope.Lanes) || marks.Foreign == notThere {
		return domain.Marks{}, errNoMarks
	}
	return marks, nil
}

// create makes the marks that are missing, in a transaction of its own: one that holds some marks already and waits for
// another that makes the rest could wait in a circle.
func create(ctx context.Context, pool *pgxpool.Pool, scope domain.Scope) error {
	const lanesSQL = `
		INSERT INTO lane_mark (source, lane)
		SELECT source, lane FROM unnest($1::text[], $2::smallint[]) AS missing (source, lane)
		ORDER BY source, lane
		ON CONFLICT DO NOTHING`
	const foreignSQL = `INSERT INTO partition_mark (topic_id, partition) VALUES ($1, $2) ON CONFLICT DO NOTHING`
	batch := &pgx.Batch{}
	if len(scope.Lanes) > 0 {
		sources, numbers := columns(scope.Lanes)
		batch.Queue(lanesSQL, sources, numbers)
	}
	if scope.Foreign {
		batch.Queue(foreignSQL, [16]byte(scope.Stream.TopicID), scope.Stream.Partition)
	}
	return pool.SendBatch(ctx, batch).Close()
}

// queueMarks moves the marks, each forward only: they are locked, and the effects were decided on them.
func queueMarks(batch *pgx.Batch, stream domain.Stream, effects domain.Effects) {
	const lanesSQL = `
		UPDATE lane_mark SET applied = moved.applied
		FROM unnest($1::text[], $2::smallint[], $3::bigint[]) AS moved (source, lane, applied)
		WHERE lane_mark.source = moved.source AND lane_mark.lane = moved.lane`
	const foreignSQL = `
		UPDATE partition_mark SET applied_offset = $3 WHERE topic_id = $1 AND partition = $2`
	if len(effects.Lanes) > 0 {
		lanes := make([]domain.Lane, 0, len(effects.Lanes))
		applied := make([]int64, 0, len(effects.Lanes))
		for lane, mark := range effects.Lanes {
			lanes, applied = append(lanes, lane), append(applied, mark)
		}
		sources, numbers := columns(lanes)
		batch.Queue(lanesSQL, sources, numbers, applied)
	}
	if effects.Foreign != domain.NoOffset {
		batch.Queue(foreignSQL, [16]byte(stream.TopicID), stream.Partition, effects.Foreign)
	}
}

func columns(lanes []domain.Lane) (sources []string, numbers []int16) {
	sources, numbers = make([]string, len(lanes)), make([]int16, len(lanes))
	for i, lane := range lanes {
		sources[i], numbers[i] = lane.Source, int16(lane.Number) //nolint:gosec // lanes are below 64
	}
	return sources, numbers
}
