package logtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
)

// testConcurrent has 8 writers append at once, while a reader follows the log by `id > last`: were the order of ids not
// that of commits, the reader would see a gap.
func testConcurrent(t *testing.T, store Store) {
	t.Helper()
	const writers, batches = 8, 25
	limited, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	appended, ctx := errgroup.WithContext(limited) // ends with the first that fails
	total := 0
	for w := range writers {
		log := store.Writer(t)
		work := make([]placing.Batch, 0, batches)
		for number := range batches {
			names := make([]string, 0, 8)
			for i := range 1 + (w+number)%8 {
				names = append(names, fmt.Sprintf("user %d", (w+number*i)%11))
			}
			total += len(names)
			work = append(work, placing.Batch{Number: int64(number + 1), Drafts: drafts(t, names...)})
		}
		appended.Go(func() error { return appendAll(ctx, log, work) })
	}
	var followed []domain.Order
	appended.Go(func() (err error) {
		followed, err = follow(ctx, store, total)
		return err
	})
	require.NoError(t, appended.Wait())
	requireDense(t, followed)
	require.Equal(t, all(t, store), followed)
}

func appendAll(ctx context.Context, log placing.Log, work []placing.Batch) error {
	for _, batch := range work {
		orders, err := log.Append(ctx, batch)
		if err != nil {
			return err
		}
		for i, o := range orders {
			if o.ID != orders[0].ID+int64(i) {
				return fmt.Errorf("the batch's ids are not consecutive: %d, %d", orders[0].ID, o.ID)
			}
		}
	}
	return nil
}

// follow reads until it has so many orders, or ctx ends.
func follow(ctx context.Context, store Store, total int) ([]domain.Order, error) {
	var seen []domain.Order
	for len(seen) < total {
		next, err := store.After(ctx, int64(len(seen)))
		if err != nil {
			return seen, err
		}
		for _, o := range next {
			seen = append(seen, o)
			if o.ID != int64(len(seen)) {
				return seen, fmt.Errorf("order %d came into sight where %d was due", o.ID, len(seen))
			}
		}
	}
	return seen, nil
}

// testTogether sends one batch from several connections at once, as happens when an answer gets lost and the first try
// is still under way when the next one begins.
func testTogether(t *testing.T, store Store) {
	t.Helper()
	const tries, batches = 4, 20
	log := store.Writer(t)
	for number := range int64(batches) {
		batch := placing.Batch{Number: number + 1, Drafts: drafts(t, "Ann", "Bob", "Eve")}
		var answers [tries][]domain.Order
		var appended errgroup.Group
		for i := range tries {
			appended.Go(func() (err error) {
				answers[i], err = log.Append(t.Context(), batch)
				return err
			})
		}
		require.NoError(t, appended.Wait())
		for _, answer := range answers {
			require.Equal(t, answers[0], answer)
		}
	}
	orders := all(t, store)
	require.Len(t, orders, batches*3)
	requireDense(t, orders)
}
