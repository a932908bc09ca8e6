package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/shared/pgdb"
	"ordertrack/track_users/internal/application/reporting"
	"ordertrack/track_users/internal/application/waiting"
	"ordertrack/track_users/internal/domain"
)

// Book keeps how far partitions are read. It implements reporting.Book.
type Book struct {
	pool *pgxpool.Pool
}

// NewBook makes a book on a pool.
func NewBook(pool *pgxpool.Pool) *Book { return &Book{pool: pool} }

// Note keeps positions. A consumer that has lost a partition and does not know yet may put its position back for a
// moment; the one that owns it puts it right again.
func (b *Book) Note(ctx context.Context, positions []domain.Position) error {
	const sql = `
		INSERT INTO partition_position (topic, topic_id, partition, next_offset, noted_at)
		SELECT topic, topic_id, partition, next_offset, clock_timestamp()
		FROM unnest($1::text[], $2::uuid[], $3::integer[], $4::bigint[]) AS p (topic, topic_id, partition, next_offset)
		ORDER BY topic_id, partition
		ON CONFLICT (topic_id, partition) DO UPDATE SET next_offset = excluded.next_offset, noted_at = excluded.noted_at`
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	topics, ids := make([]string, len(positions)), make([][16]byte, len(positions))
	partitions, offsets := make([]int32, len(positions)), make([]int64, len(positions))
	for i, p := range positions {
		topics[i], ids[i], partitions[i], offsets[i] = p.Stream.Topic, p.Stream.TopicID, p.Stream.Partition, p.Next
	}
	if _, err := b.pool.Exec(ctx, sql, topics, ids, partitions, offsets); err != nil {
		return fmt.Errorf("%w: %w", reporting.ErrUnavailable, err)
	}
	return nil
}

// Progress reads marks and positions in one snapshot: a position of a moment, with marks of before, would make events
// look lost that are not.
func (b *Book) Progress(ctx context.Context) (progress domain.Progress, err error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, b.pool, options, func(tx pgx.Tx) error {
		progress, err = readProgress(ctx, tx)
		return err
	})
	if err != nil {
		return domain.Progress{}, fmt.Errorf("%w: %w", reporting.ErrUnavailable, err)
	}
	return progress, nil
}

func readProgress(ctx context.Context, tx pgx.Tx) (domain.Progress, error) {
	const nowSQL = `SELECT clock_timestamp()`
	const marksSQL = `SELECT source, lane, applied FROM lane_mark ORDER BY source, lane`
	const positionsSQL = `
		SELECT topic, topic_id, partition, next_offset, noted_at FROM partition_position ORDER BY topic, topic_id, partition`
	var p domain.Progress
	batch := &pgx.Batch{}
	batch.Queue(nowSQL).QueryRow(func(row pgx.Row) error { return row.Scan(&p.At) })
	batch.Queue(marksSQL).Query(func(rows pgx.Rows) (err error) {
		p.Marks, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m domain.Mark, err error) {
			err = row.Scan(&m.Lane.Source, &m.Lane.Number, &m.Applied)
			return m, err
		})
		return err
	})
	batch.Queue(positionsSQL).Query(func(rows pgx.Rows) (err error) {
		p.Positions, err = pgx.CollectRows(rows, toPosition)
		return err
	})
	err := tx.SendBatch(ctx, batch).Close()
	return p, err
}

func toPosition(row pgx.CollectableRow) (domain.Position, error) {
	var (
		p  domain.Position
		id [16]byte
		at time.Time
	)
	err := row.Scan(&p.Stream.Topic, &id, &p.Stream.Partition, &p.Next, &at)
	p.Stream.TopicID, p.At = id, at.UTC()
	return p, err
}

// Totals adds up all counters, in one statement and so of one moment.
func (b *Book) Totals(ctx context.Context) (domain.Totals, error) {
	const sql = `
		SELECT clock_timestamp(), count(*), coalesce(sum(counter), 0)::bigint, coalesce(sum(foreign_counter), 0)::bigint,
			(SELECT count(*) FROM dead_letter)
		FROM track_user`
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	all, err := pgdb.CollectPlanned(ctx, b.pool, func(row pgx.CollectableRow) (t domain.Totals, err error) {
		err = row.Scan(&t.At, &t.Users, &t.Counted, &t.Foreign, &t.Parked)
		t.At = t.At.UTC()
		return t, err
	}, sql)
	if err != nil {
		return domain.Totals{}, fmt.Errorf("%w: %w", reporting.ErrUnavailable, err)
	}
	return all[0], nil
}

// Applied reads the marks of lanes. It implements waiting.Marks.
func (b *Book) Applied(ctx context.Context, lanes []domain.Lane) (map[domain.Lane]int64, error) {
	const sql = `
		SELECT source, lane, applied FROM lane_mark
		WHERE (source, lane) IN (SELECT * FROM unnest($1::text[], $2::smallint[]))`
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	sources, numbers := columns(lanes)
	rows, err := b.pool.Query(ctx, sql, sources, numbers)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", waiting.ErrUnavailable, err)
	}
	var mark domain.Mark
	applied := make(map[domain.Lane]int64, len(lanes))
	_, err = pgx.ForEachRow(rows, []any{&mark.Lane.Source, &mark.Lane.Number, &mark.Applied}, func() error {
		applied[mark.Lane] = mark.Applied
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", waiting.ErrUnavailable, err)
	}
	return applied, nil
}
