// Package outboxtest holds every adapter of relaying.Outbox, and of the Log it gives, to the ports' contracts.
package outboxtest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/relaying"
	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/order_service/internal/domain"
)

// Store is one log that is empty at first.
type Store interface {
	// Relay opens the log once more, as another process does.
	Relay(t *testing.T) relaying.Outbox
	// Append places so many orders, and returns their events.
	Append(t *testing.T, orders int) []domain.Placed
}

// patience is how long a test waits for what should happen at once.
const patience = 20 * time.Second

// Exercise runs the suite; open gives each test a store of its own.
func Exercise(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for title, test := range map[string]func(t *testing.T, store Store){
		"reads behind the cursor, in order":    testNext,
		"looks up and reads what lacks":        testArchive,
		"never moves the cursor back":          testAdvance,
		"wakes up for an append":               testWake,
		"waits no longer than it should":       testWait,
		"lets one lead at a time":              testTurns,
		"waits for a turn until the context's": testWaitingEnds,
		"passes on the error of the work":      testWorkFails,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// lead runs work as the leader, in the test's own goroutine.
func lead(t *testing.T, outbox relaying.Outbox, work func(log relaying.Log)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, outbox.Lead(ctx, func(log relaying.Log, _ retransmitting.Archive) error {
		work(log)
		return nil
	}))
}

func requireNext(t *testing.T, log relaying.Log, limit int, want []domain.Placed) {
	t.Helper()
	got, err := log.Next(t.Context(), limit)
	require.NoError(t, err)
	if len(want) == 0 {
		require.Empty(t, got)
		return
	}
	require.Equal(t, want, got)
}

func testNext(t *testing.T, store Store) {
	t.Helper()
	placed := store.Append(t, 5)
	lead(t, store.Relay(t), func(log relaying.Log) {
		requireNext(t, log, 3, placed[:3])
		requireNext(t, log, 10, placed)
		require.NoError(t, log.Advance(t.Context(), placed[1].OrderID))
		requireNext(t, log, 2, placed[2:4])
	})
	lead(t, store.Relay(t), func(log relaying.Log) { // the next one goes on where the first stopped
		requireNext(t, log, 10, placed[2:])
		require.NoError(t, log.Advance(t.Context(), placed[4].OrderID))
		requireNext(t, log, 10, nil)
	})
}

func testAdvance(t *testing.T, store Store) {
	t.Helper()
	placed := store.Append(t, 3)
	lead(t, store.Relay(t), func(log relaying.Log) {
		require.NoError(t, log.Advance(t.Context(), placed[1].OrderID))
		require.NoError(t, log.Advance(t.Context(), placed[0].OrderID))
		requireNext(t, log, 10, placed[2:])
	})
}

func testWake(t *testing.T, store Store) {
	t.Helper()
	lead(t, store.Relay(t), func(log relaying.Log) {
		for range 3 {
			requireNext(t, log, 10, nil)
			begin := time.Now()
			woken := make(chan error, 1)
			go func() { woken <- log.Wait(t.Context(), patience) }()
			placed := store.Append(t, 4)
			require.NoError(t, <-woken)
			require.Less(t, time.Since(begin), patience/2, "the commit woke it, not the limit")
			requireNext(t, log, 10, placed)
			require.NoError(t, log.Advance(t.Context(), placed[3].OrderID))
		}
	})
}

func testWait(t *testing.T, store Store) {
	t.Helper()
	lead(t, store.Relay(t), func(log relaying.Log) {
		begin := time.Now()
		require.NoError(t, log.Wait(t.Context(), 50*time.Millisecond))
		require.GreaterOrEqual(t, time.Since(begin), 50*time.Millisecond)

		cause := errors.New("stopping")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		require.ErrorIs(t, log.Wait(ctx, patience), cause)
		requireNext(t, log, 10, nil) // neither has cost the turn
	})
}

func testTurns(t *testing.T, store Store) {
	t.Helper()
	first, second := store.Relay(t), store.Relay(t)
	leading, done := make(chan struct{}), make(chan error, 1)
	var firstLeads atomic.Bool
	lead(t, first, func(relaying.Log) {
		firstLeads.Store(true)
		go func() {
			done <- second.Lead(t.Context(), func(relaying.Log, retransmitting.Archive) error {
				close(leading)
				if firstLeads.Load() {
					return errors.New("two led at once")
				}
				return nil
			})
		}()
		select {
		case <-leading:
			t.Error("the second did not wait")
		case <-time.After(300 * time.Millisecond):
		}
		firstLeads.Store(false)
	})
	require.NoError(t, <-done, "its turn has come")
}

func testWaitingEnds(t *testing.T, store Store) {
	t.Helper()
	first, second := store.Relay(t), store.Relay(t)
	lead(t, first, func(relaying.Log) {
		cause := errors.New("stopping")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(200*time.Millisecond, func() { cancel(cause) })
		err := second.Lead(ctx, func(relaying.Log, retransmitting.Archive) error { return errors.New("it led") })
		require.Error(t, err)
		require.ErrorIs(t, context.Cause(ctx), cause)
		require.NotContains(t, err.Error(), "it led")
	})
}

func testWorkFails(t *testing.T, store Store) {
	t.Helper()
	failure := errors.New("no broker")
	outbox := store.Relay(t)
	require.ErrorIs(t, outbox.Lead(t.Context(), func(relaying.Log, retransmitting.Archive) error { return failure }), failure)
	lead(t, outbox, func(log relaying.Log) { requireNext(t, log, 1, nil) }) // the turn was given back
}

// testArchive appends ten orders and publishes seven: what is not published cannot lack.
func testArchive(t *testing.T, store Store) {
	placed := store.Append(t, 10)
	logID := placed[0].Place.LogID
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, store.Relay(t).Lead(ctx, func(log relaying.Log, archive retransmitting.Archive) error {
		require.NoError(t, log.Advance(ctx, placed[6].OrderID))
		published := map[int][]domain.Placed{}
		for _, e := range placed[:7] {
			published[e.Place.Lane] = append(published[e.Place.Lane], e)
		}
		for applied := range int64(11) {
			receiver := domain.Applied{logID: {}, "another log": {}}
			var want []domain.Place
			for lane := range domain.Lanes {
				receiver[logID][lane] = applied
				if int64(len(published[lane])) > applied {
					want = append(want, domain.Place{LogID: logID, Lane: lane, Sequence: applied + 1})
				}
			}
			got, err := archive.Lacking(ctx, receiver)
			require.NoError(t, err)
			require.ElementsMatch(t, want, got)
		}
		everything, err := archive.Lacking(ctx, nil)
		require.NoError(t, err)
		require.Len(t, everything, len(published), "a receiver that knows nothing lacks each lane's first event")
		for _, place := range everything {
			all, err := archive.From(ctx, place, 100)
			require.NoError(t, err)
			require.Equal(t, published[place.Lane], all)
			first, err := archive.From(ctx, place, 1)
			require.NoError(t, err)
			require.Equal(t, published[place.Lane][:1], first)
			place.Sequence++
			rest, err := archive.From(ctx, place, 100)
			require.NoError(t, err)
			require.Len(t, rest, len(all)-1)
		}
		return nil
	}))
}
