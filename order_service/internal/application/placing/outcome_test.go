package placing_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
)

var errRefused = errors.New("value out of range")

// answers makes the log give these errors to its first calls, nil meaning stored, and the last one to all that follow.
func (b bundle) answers(t *testing.T, errs ...error) *[]placing.Batch {
	var calls []placing.Batch
	b.log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(
		func(_ context.Context, batch placing.Batch) ([]domain.Order, error) {
			calls = append(calls, batch)
			if err := errs[min(len(calls), len(errs))-1]; err != nil {
				return nil, err
			}
			return stored(batch), nil
		}).AnyTimes()
	b.start(t)
	return &calls
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	unavailable, unknown := placing.ErrUnavailable, placing.ErrUnknownOutcome
	cases := map[string]struct {
		answers []error
		want    error
		not     error
		calls   int // 0: as many as fit into the time limit
	}{
		"stored":                           {answers: []error{nil}, calls: 1},
		"away for a moment":                {answers: []error{unavailable, unavailable, nil}, calls: 3},
		"unknown, then found":              {answers: []error{unknown, nil}, calls: 2},
		"away":                             {answers: []error{unavailable}, want: unavailable, not: placing.ErrMayExist},
		"unknown":                          {answers: []error{unknown}, want: placing.ErrMayExist, not: unavailable},
		"unknown, then away":               {answers: []error{unavailable, unknown, unavailable}, want: placing.ErrMayExist, not: unavailable},
		"refused":                          {answers: []error{errRefused}, want: errRefused, not: placing.ErrMayExist, calls: 1},
		"refused when it came back":        {answers: []error{unavailable, errRefused}, want: errRefused, not: unavailable, calls: 2},
		"refused after an unknown outcome": {answers: []error{unknown, errRefused}, want: placing.ErrMayExist, not: errRefused, calls: 2},
	}
	for title, tc := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t)
				calls := b.answers(t, tc.answers...)
				begin := time.Now()

				_, err := b.placer.Place(t.Context(), request("Ann"))
				require.ErrorIs(t, err, tc.want)
				require.LessOrEqual(t, time.Since(begin), limits().AppendTimeout)
				if tc.want != nil {
					require.NotErrorIs(t, err, tc.not)
				}
				if tc.calls > 0 {
					require.Len(t, *calls, tc.calls)
				} else {
					require.Greater(t, len(*calls), 3)
				}
				for _, batch := range *calls {
					require.Equal(t, int64(1), batch.Number, "each try has the batch's one number")
				}
			})
		})
	}
}

func TestABatchThatWasGivenUpKeepsItsNumberForItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(
			func(_ context.Context, batch placing.Batch) ([]domain.Order, error) {
				if batch.Number == 1 {
					return nil, placing.ErrUnknownOutcome
				}
				return stored(batch), nil
			}).AnyTimes()
		b.start(t)

		_, err := b.placer.Place(t.Context(), request("Ann"))
		require.ErrorIs(t, err, placing.ErrMayExist)
		order, err := b.placer.Place(t.Context(), request("Bob"))
		require.NoError(t, err)
		require.Equal(t, int64(200), order.ID)
	})
}

func TestARefusedOrderDoesNotTakeItsBatchDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, g := setup(t), newGate()
		var numbers []int64
		b.log.EXPECT().Append(gomock.Any(), gomock.Any()).DoAndReturn(
			func(ctx context.Context, batch placing.Batch) ([]domain.Order, error) {
				numbers = append(numbers, batch.Number)
				if slices.Contains(names(batch), "bad") {
					return nil, errRefused
				}
				return g.append(ctx, batch)
			}).Times(5)
		b.start(t)
		first := b.place(t.Context(), "first")
		synctest.Wait()
		one, bad, two := b.place(t.Context(), "one"), b.place(t.Context(), "bad"), b.place(t.Context(), "two")
		synctest.Wait()
		for range 3 {
			g.open <- struct{}{}
		}

		require.NoError(t, (<-first).err)
		require.NoError(t, (<-one).err)
		require.ErrorIs(t, (<-bad).err, errRefused)
		require.NoError(t, (<-two).err)
		require.Equal(t, []int64{1, 2, 3, 4, 5}, numbers)
	})
}

func TestAWrongNumberOfOrdersIsNotTrusted(t *testing.T) {
	t.Parallel()
	for _, orders := range []int{0, 2} {
		b := setup(t)
		b.log.EXPECT().Append(gomock.Any(), gomock.Any()).Return(make([]domain.Order, orders), nil)
		b.start(t)
		_, err := b.placer.Place(t.Context(), request("Ann"))
		require.ErrorIs(t, err, placing.ErrMayExist)
	}
}
