// Package changestest holds every adapter of streaming.Changes to the port's contract.
package changestest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/track_users/internal/application/streaming"
)

// Store is a set of counters that is empty at first.
type Store interface {
	Changes() streaming.Changes
	// Count raises the counters of these names by one, in one transaction.
	Count(ctx context.Context, names ...string) error
	// Counters are those of all users.
	Counters(ctx context.Context) (map[string]int64, error)
}

const many = 10_000

// Exercise runs the suite; open gives each test a store of its own.
func Exercise(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for title, test := range map[string]func(t *testing.T, store Store){
		"tells who changed, each once and as it is now": testSince,
		"tells when there is too much":                  testLimit,
		"misses nothing that several change at once":    testTogether,
		"knows what it forgot":                          testForget,
		"knows no position that it did not give":        testForeign,
		"says that it cannot":                           testEnded,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func now(t *testing.T, store Store) streaming.Position {
	t.Helper()
	at, err := store.Changes().Now(t.Context())
	require.NoError(t, err)
	return at
}

// since gives the counters that changed.
func since(t *testing.T, store Store, at streaming.Position) (map[string]int64, streaming.Position) {
	t.Helper()
	changed, err := store.Changes().Since(t.Context(), at, many)
	require.NoError(t, err)
	require.False(t, changed.Missed)
	counters := map[string]int64{}
	for _, user := range changed.Users {
		require.NotContains(t, counters, user.Name.String())
		require.Positive(t, user.ID)
		require.False(t, user.CreatedAt.IsZero())
		counters[user.Name.String()] = user.Counter
	}
	return counters, changed.At
}

func testSince(t *testing.T, store Store) {
	require.NoError(t, store.Count(t.Context(), "before"))
	first := now(t, store)
	none, at := since(t, store, first)
	require.Empty(t, none)
	require.NoError(t, store.Count(t.Context(), "Ann", "Bob"))
	require.NoError(t, store.Count(t.Context(), "Ann"))
	got, second := since(t, store, at)
	require.Equal(t, map[string]int64{"Ann": 2, "Bob": 1}, got)
	none, second = since(t, store, second)
	require.Empty(t, none)
	require.NoError(t, store.Count(t.Context(), "Ann", "before"))
	got, _ = since(t, store, second)
	require.Equal(t, map[string]int64{"Ann": 3, "before": 2}, got)
	got, _ = since(t, store, first)
	require.Equal(t, map[string]int64{"Ann": 3, "Bob": 1, "before": 2}, got, "whoever comes back is told all of it")
}

func testLimit(t *testing.T, store Store) {
	at := now(t, store)
	require.NoError(t, store.Count(t.Context(), "Ann", "Bob", "Cid"))
	changed, err := store.Changes().Since(t.Context(), at, 3)
	require.NoError(t, err)
	require.Len(t, changed.Users, 3)
	changed, err = store.Changes().Since(t.Context(), at, 2)
	require.NoError(t, err)
	require.True(t, changed.Missed)
	require.Empty(t, changed.Users)
	none, _ := since(t, store, changed.At)
	require.Empty(t, none)
}

// testTogether follows while several count: transactions end in another order than they began. At the end the follower
// knows every counter exactly.
func testTogether(t *testing.T, store Store) {
	const writers, rounds, names = 4, 60, 40
	at := now(t, store)
	var writing sync.WaitGroup
	errs := make(chan error, writers)
	for w := range writers {
		writing.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 7))
			for range rounds {
				chosen := map[string]bool{}
				for range 1 + random.IntN(6) {
					chosen[fmt.Sprintf("user %d", random.IntN(names))] = true
				}
				batch := make([]string, 0, len(chosen))
				for who := range chosen {
					batch = append(batch, who)
				}
				if err := store.Count(t.Context(), batch...); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { writing.Wait(); close(ended) }()
	known := map[string]int64{}
	for running := true; running; {
		select {
		case <-ended:
			running = false
		default:
		}
		var got map[string]int64
		got, at = since(t, store, at)
		for who, counter := range got {
			require.Greater(t, counter, known[who], "what was told is not told again")
			known[who] = counter
		}
	}
	require.Empty(t, errs)
	want, err := store.Counters(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, known)
}

func testForget(t *testing.T, store Store) {
	first := now(t, store)
	require.NoError(t, store.Count(t.Context(), "Ann"))
	second := now(t, store)
	require.NoError(t, store.Count(t.Context(), "Bob"))
	require.NoError(t, store.Changes().Forget(t.Context(), second))
	require.NoError(t, store.Changes().Forget(t.Context(), first), "which may be forgotten already")
	got, _ := since(t, store, second)
	require.Equal(t, map[string]int64{"Bob": 1}, got)
	// What a transaction somewhere else still holds may be forgotten later; until then all of it is known.
	var changed streaming.Changed
	require.Eventually(t, func() bool {
		var err error
		changed, err = store.Changes().Since(t.Context(), first, many)
		require.NoError(t, err)
		if !changed.Missed {
			require.Len(t, changed.Users, 2)
			require.NoError(t, store.Changes().Forget(t.Context(), now(t, store)))
		}
		return changed.Missed
	}, 20*time.Second, 10*time.Millisecond)
	none, _ := since(t, store, changed.At)
	require.Empty(t, none)
}

func testForeign(t *testing.T, store Store) {
	require.NoError(t, store.Count(t.Context(), "Ann"))
	at := now(t, store)
	for _, text := range []streaming.Position{
		"", "x", "\x00", "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11.10:20:", at + "x", at[:36] + ".1:9999999999:",
		"0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11" + at[36:], // as another database would have given
	} {
		changed, err := store.Changes().Since(t.Context(), text, many)
		require.NoError(t, err, "%q", text)
		require.True(t, changed.Missed, "%q", text)
		none, _ := since(t, store, changed.At)
		require.Empty(t, none)
	}
}

func testEnded(t *testing.T, store Store) {
	at := now(t, store)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := store.Changes().Now(ctx)
	require.ErrorIs(t, err, streaming.ErrUnavailable)
	_, err = store.Changes().Since(ctx, at, many)
	require.ErrorIs(t, err, streaming.ErrUnavailable)
	require.ErrorIs(t, store.Changes().Forget(ctx, at), streaming.ErrUnavailable)
}
