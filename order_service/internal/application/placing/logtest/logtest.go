// Package logtest holds every adapter of placing.Log to the port's contract.
package logtest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
)

// Store is one log that is empty at first.
type Store interface {
	// Writer opens the log once more, as another process does.
	Writer(t *testing.T) placing.Log
	// After reads the stored orders with a higher id than that, by id.
	After(ctx context.Context, id int64) ([]domain.Order, error)
}

// Exercise runs the suite; open gives each test a store of its own.
func Exercise(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for title, test := range map[string]func(t *testing.T, store Store){
		"stores what it returns":                       testStores,
		"numbers orders and lanes without a gap":       testDense,
		"appends a number once":                        testOnce,
		"appends no older number":                      testOlder,
		"refuses a batch as a whole":                   testRefusal,
		"keeps claims with their orders, once":         testClaims,
		"stores nothing for a context that has ended":  testEnded,
		"orders ids as commits, whoever else appends":  testConcurrent,
		"appends a number once, though tried together": testTogether,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// draft makes a draft as the use case does.
func draft(t *testing.T, who, note string) domain.Draft {
	t.Helper()
	parsed, err := name.Parse(who)
	require.NoError(t, err)
	d, err := domain.NewDraft(parsed, domain.RestoreNote(note), event.LaneOf(parsed), "00-trace-"+who)
	require.NoError(t, err)
	return d
}

func drafts(t *testing.T, names ...string) []domain.Draft {
	t.Helper()
	all := make([]domain.Draft, 0, len(names))
	for _, who := range names {
		all = append(all, draft(t, who, "note of "+who))
	}
	return all
}

func all(t *testing.T, store Store) []domain.Order {
	t.Helper()
	orders, err := store.After(t.Context(), 0)
	require.NoError(t, err)
	return orders
}

// requireDense holds invariant 3: ids, and the sequence numbers of each lane, are exactly 1 to their highest.
func requireDense(t *testing.T, orders []domain.Order) {
	t.Helper()
	heads := map[int]int64{}
	for i, o := range orders {
		require.Equal(t, int64(i+1), o.ID)
		require.Equal(t, event.LaneOf(o.Name), o.Place.Lane)
		heads[o.Place.Lane]++
		require.Equal(t, heads[o.Place.Lane], o.Place.Sequence, "lane %d of order %d", o.Place.Lane, o.ID)
		require.Equal(t, orders[0].Place.LogID, o.Place.LogID)
		if i > 0 {
			require.False(t, o.CreatedAt.Before(orders[i-1].CreatedAt), "order %d was created before the one before it", o.ID)
		}
	}
}

func isRefusal(err error) bool {
	return err != nil && !errors.Is(err, placing.ErrUnavailable) && !errors.Is(err, placing.ErrUnknownOutcome)
}
