// Package orderstest holds every adapter of reading.Orders to the port's contract.
package orderstest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
)

// Store is one log that is empty at first.
type Store interface {
	// Writer appends to it.
	Writer(t *testing.T) placing.Log
	// Reader reads it.
	Reader(t *testing.T) reading.Orders
	// Publish says that the orders up to this one are published.
	Publish(t *testing.T, id int64)
}

// Exercise runs the suite; open gives each test a store of its own.
func Exercise(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for title, test := range map[string]func(t *testing.T, store Store){
		"looks up what was stored":            testByID,
		"lists each order once, newest first": testPages,
		"lists what the filter lets by":       testFilters,
		"has one key for cursors":             testKey,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// fill appends batches of so many orders, by three names, and returns all, newest first.
func fill(t *testing.T, store Store, batches, size int) []domain.Order {
	t.Helper()
	log := store.Writer(t)
	var all []domain.Order
	for number := range batches {
		batch := placing.Batch{Number: int64(number + 1)}
		for i := range size {
			who, err := name.Parse([]string{"Ann", "Zoë 👩‍🚀", "O'Neil \\ %"}[(number+i)%3])
			require.NoError(t, err)
			draft, err := domain.NewDraft(who, domain.RestoreNote(fmt.Sprint("note ", number, i)), event.LaneOf(who), "trace")
			require.NoError(t, err)
			batch.Drafts = append(batch.Drafts, draft)
		}
		orders, err := log.Append(t.Context(), batch)
		require.NoError(t, err)
		all = append(all, orders...)
	}
	newest := make([]domain.Order, len(all))
	for i, o := range all {
		newest[len(all)-1-i] = o
	}
	return newest
}

func testByID(t *testing.T, store Store) {
	t.Helper()
	all, reader := fill(t, store, 2, 5), store.Reader(t)
	store.Publish(t, 7)
	for _, want := range all {
		got, published, err := reader.ByID(t.Context(), want.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, want.ID <= 7, published)
	}
	for _, id := range []int64{0, -1, 11, 1 << 62} {
		_, _, err := reader.ByID(t.Context(), id)
		require.ErrorIs(t, err, reading.ErrNotFound)
	}
}

// listed is an order as lists have it: without its place and trace.
func listed(o domain.Order) domain.Order {
	o.Place, o.TraceParent = domain.Place{}, ""
	return o
}

func list(t *testing.T, reader reading.Orders, filter reading.Filter, limit int) (all []domain.Order) {
	t.Helper()
	query := reading.Query{Filter: filter, Limit: limit}
	for {
		page, err := reader.Newest(t.Context(), query)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), limit)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		last := page[len(page)-1]
		query.Behind = &reading.Position{CreatedAt: last.CreatedAt, ID: last.ID}
	}
}

func testPages(t *testing.T, store Store) {
	t.Helper()
	reader := store.Reader(t)
	require.Empty(t, list(t, reader, reading.Filter{}, 10))
	all := fill(t, store, 6, 7) // each batch has one time
	for _, limit := range []int{1, 2, 5, 42, 100} {
		got := list(t, reader, reading.Filter{}, limit)
		require.Len(t, got, len(all))
		for i := range all {
			require.Equal(t, listed(all[i]), got[i])
		}
	}
}

func testFilters(t *testing.T, store Store) {
	t.Helper()
	all, reader := fill(t, store, 6, 7), store.Reader(t)
	bounds := []time.Time{{}, all[40].CreatedAt, all[20].CreatedAt, all[20].CreatedAt.Add(time.Microsecond), all[0].CreatedAt}
	for _, who := range []string{"", "Ann", "Zoë 👩‍🚀", "O'Neil \\ %", "nobody"} {
		for _, after := range bounds {
			for _, before := range bounds {
				filter := reading.Filter{Name: name.Restore(who), After: after, Before: before}
				var want []domain.Order
				for _, o := range all {
					if (who == "" || o.Name.String() == who) && !o.CreatedAt.Before(after) &&
						(before.IsZero() || o.CreatedAt.Before(before)) {
						want = append(want, listed(o))
					}
				}
				require.Equal(t, want, list(t, reader, filter, 4), "%+v", filter)
			}
		}
	}
}

func testKey(t *testing.T, store Store) {
	t.Helper()
	first, err := store.Reader(t).CursorKey(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(first), 16)
	second, err := store.Reader(t).CursorKey(t.Context())
	require.NoError(t, err)
	require.Equal(t, first, second)
}
