package postgres_test

import (
	"context"
	"testing"
	"time"

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

// TestProgressIsOfOneMoment moves a mark and a position together between the two reads of them: an event that was applied
// in between must not look as if it had been read and still lacked.
func TestProgressIsOfOneMoment(t *testing.T) {
	t.Parallel()
	pool, address := migrated(t)
	s := store{pool: pool, address: address}
	book := s.Book(t)
	at := domain.Position{Stream: domain.Stream{Topic: "t"}, Next: 1}
	require.NoError(t, s.Mark(t.Context(), at, domain.Mark{Lane: domain.Lane{Source: "x"}, Applied: 1}))
	_, err := book.Progress(t.Context()) // a connection whose statements are prepared: it waits where it reads, not before
	require.NoError(t, err)

	mover, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = mover.Exec(t.Context(), `LOCK TABLE partition_position IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	type answer struct {
		progress domain.Progress
		err      error
	}
	told := make(chan answer, 1)
	go func() {
		progress, err := book.Progress(t.Context())
		told <- answer{progress, err}
	}()
	require.Eventually(t, func() bool {
		var waits bool
		err := pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits)
		return err == nil && waits
	}, 10*time.Second, time.Millisecond)
	_, err = mover.Exec(t.Context(), `UPDATE lane_mark SET applied = 2`)
	require.NoError(t, err)
	_, err = mover.Exec(t.Context(), `UPDATE partition_position SET next_offset = 2`)
	require.NoError(t, err)
	require.NoError(t, mover.Commit(t.Context()))
	got := <-told
	require.NoError(t, got.err)
	require.Len(t, got.progress.Marks, 1)
	require.Len(t, got.progress.Positions, 1)
	require.Equal(t, got.progress.Marks[0].Applied, got.progress.Positions[0].Next)
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
