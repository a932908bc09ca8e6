package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ordertrack/shared/pgdb"
	"ordertrack/track_users/internal/adapters/postgres"
	"ordertrack/track_users/internal/application/reporting"
	"ordertrack/track_users/internal/application/reporting/booktest"
	"ordertrack/track_users/internal/application/waiting"
	"ordertrack/track_users/internal/application/waiting/markstest"
	"ordertrack/track_users/internal/domain"
)

func (s store) Book(t *testing.T) reporting.Book {
	t.Helper()
	return postgres.NewBook(open(t, s.address))
}

func (s store) Mark(ctx context.Context, position domain.Position, marks ...domain.Mark) error {
	return pgdb.WithTx(ctx, s.pool, func(tx pgx.Tx) error {
		for _, mark := range marks {
			if _, err := tx.Exec(ctx, `INSERT INTO lane_mark (source, lane, applied) VALUES ($1, $2, $3)
				ON CONFLICT (source, lane) DO UPDATE SET applied = excluded.applied`,
				mark.Lane.Source, mark.Lane.Number, mark.Applied); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO partition_position (topic, topic_id, partition, next_offset, noted_at)
			VALUES ($1, $2, $3, $4, now()) ON CONFLICT (topic_id, partition) DO UPDATE SET next_offset = excluded.next_offset`,
			position.Stream.Topic, [16]byte(position.Stream.TopicID), position.Stream.Partition, position.Next)
		return err
	})
}

func (s store) Count(ctx context.Context, user domain.User, foreign int64, parked int) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO track_user (name, counter, foreign_counter) VALUES ($1, $2, $3)`,
		user.Name.String(), user.Counter, foreign)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `INSERT INTO dead_letter (topic, topic_id, partition, kafka_offset, reason, detail, headers)
		SELECT 't', gen_random_uuid(), 0, n, '', '', '[]' FROM generate_series(1, $1::int) n`, parked)
	return err
}

func TestBookContract(t *testing.T) {
	t.Parallel()
	booktest.Exercise(t, func(t *testing.T) booktest.Store {
		pool, address := migrated(t)
		return store{pool: pool, address: address}
	})
}

func TestMarksContract(t *testing.T) {
	t.Parallel()
	markstest.Exercise(t, func(t *testing.T) (waiting.Marks, func(domain.Mark)) {
		pool, address := migrated(t)
		s := store{pool: pool, address: address}
		return postgres.NewBook(pool), func(mark domain.Mark) {
			require.NoError(t, s.Mark(t.Context(), domain.Position{Stream: domain.Stream{Topic: "t"}}, mark))
		}
	})
}
