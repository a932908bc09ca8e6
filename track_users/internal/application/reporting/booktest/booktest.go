// Package booktest holds every adapter of reporting.Book to the port's contract.
package booktest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/reporting"
	"ordertrack/track_users/internal/domain"
)

// Store is a book that is empty at first.
type Store interface {
	// Book opens the store once more, as another process does.
	Book(t *testing.T) reporting.Book
	// Mark moves lanes' marks, and notes the position in the same moment.
	Mark(ctx context.Context, position domain.Position, marks ...domain.Mark) error
	// Count adds a user, and parks as many events.
	Count(ctx context.Context, user domain.User, foreign int64, parked int) error
}

// Exercise runs the suite; open gives each test a store of its own.
func Exercise(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for title, test := range map[string]func(t *testing.T, store Store){
		"keeps the last position of each stream":     testNote,
		"tells marks and positions of one moment":    testMoment,
		"adds up what was counted":                   testTotals,
		"says that it cannot":                        testEnded,
		"takes what several consumers note together": testTogether,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func stream(topic byte, partition int32) domain.Stream {
	return domain.Stream{Topic: "user_events", TopicID: domain.TopicID{topic}, Partition: partition}
}

func positionsOf(t *testing.T, store Store) map[domain.Stream]int64 {
	t.Helper()
	progress, err := store.Book(t).Progress(t.Context())
	require.NoError(t, err)
	positions := map[domain.Stream]int64{}
	for _, p := range progress.Positions {
		positions[p.Stream] = p.Next
		require.WithinDuration(t, progress.At, p.At, time.Hour)
	}
	return positions
}

func testNote(t *testing.T, store Store) {
	require.Empty(t, positionsOf(t, store))
	book := store.Book(t)
	require.NoError(t, book.Note(t.Context(), []domain.Position{
		{Stream: stream(1, 3), Next: 7}, {Stream: stream(1, 2), Next: 8}, {Stream: stream(2, 3), Next: 9},
	}))
	require.NoError(t, book.Note(t.Context(), []domain.Position{{Stream: stream(1, 3), Next: 5}}), "also a lower one")
	require.Equal(t, map[domain.Stream]int64{stream(1, 3): 5, stream(1, 2): 8, stream(2, 3): 9}, positionsOf(t, store))
}

// testMoment has positions and marks that always move together: an answer in which they differ is of two moments.
func testMoment(t *testing.T, store Store) {
	const moves = 200
	lane := domain.Lane{Source: "/order_service/logs/x", Number: 3}
	done := make(chan error, 1)
	go func() {
		for i := int64(1); i <= moves; i++ {
			if err := store.Mark(t.Context(), domain.Position{Stream: stream(1, 3), Next: i}, domain.Mark{Lane: lane, Applied: i}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	book := store.Book(t)
	for running := true; running; {
		select {
		case err := <-done:
			require.NoError(t, err)
			running = false
		default:
		}
		progress, err := book.Progress(t.Context())
		require.NoError(t, err)
		if len(progress.Marks) > 0 {
			require.Equal(t, progress.Marks[0].Applied, progress.Positions[0].Next)
		}
	}
	progress, err := book.Progress(t.Context())
	require.NoError(t, err)
	require.Equal(t, []domain.Mark{{Lane: lane, Applied: moves}}, progress.Marks)
}

func testTotals(t *testing.T, store Store) {
	book := store.Book(t)
	none, err := book.Totals(t.Context())
	require.NoError(t, err)
	require.Equal(t, domain.Totals{At: none.At}, none)
	require.NoError(t, store.Count(t.Context(), domain.User{Name: name.Restore("Ann"), Counter: 7}, 2, 0))
	require.NoError(t, store.Count(t.Context(), domain.User{Name: name.Restore("Bob"), Counter: 1 << 40}, 0, 3))
	got, err := book.Totals(t.Context())
	require.NoError(t, err)
	require.Equal(t, domain.Totals{At: got.At, Users: 2, Counted: 1<<40 + 7, Foreign: 2, Parked: 3}, got)
	require.True(t, got.At.After(none.At))
}

func testEnded(t *testing.T, store Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	book := store.Book(t)
	require.ErrorIs(t, book.Note(ctx, []domain.Position{{Stream: stream(1, 3), Next: 7}}), reporting.ErrUnavailable)
	_, err := book.Progress(ctx)
	require.ErrorIs(t, err, reporting.ErrUnavailable)
	_, err = book.Totals(ctx)
	require.ErrorIs(t, err, reporting.ErrUnavailable)
	require.Empty(t, positionsOf(t, store))
}

func testTogether(t *testing.T, store Store) {
	const consumers, rounds = 4, 25
	var together sync.WaitGroup
	errs := make([]error, consumers)
	for i := range consumers {
		book := store.Book(t)
		together.Go(func() {
			for round := range int64(rounds) {
				positions := make([]domain.Position, 0, 12)
				for p := range int32(12) { // in an order of its own
					positions = append(positions, domain.Position{Stream: stream(1, (p*5+int32(i))%12), Next: round})
				}
				if err := book.Note(t.Context(), positions); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	together.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, positionsOf(t, store), 12)
}
