// Package markstest holds every adapter of waiting.Marks to the port's contract.
package markstest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/track_users/internal/application/waiting"
	"ordertrack/track_users/internal/domain"
)

// Exercise runs the suite; open gives each test marks of its own, and a way to set one.
func Exercise(t *testing.T, open func(t *testing.T) (waiting.Marks, func(domain.Mark))) {
	t.Helper()
	one, other := domain.Lane{Source: "/order_service/logs/x", Number: 3}, domain.Lane{Source: "/order_service/logs/y", Number: 3}
	t.Run("reads the marks that are asked for", func(t *testing.T) {
		t.Parallel()
		marks, set := open(t)
		never := domain.Lane{Source: one.Source, Number: 4}
		set(domain.Mark{Lane: one, Applied: 7})
		set(domain.Mark{Lane: other, Applied: 9})
		set(domain.Mark{Lane: domain.Lane{Source: one.Source, Number: 5}, Applied: 11})
		got, err := marks.Applied(t.Context(), []domain.Lane{one, never, other})
		require.NoError(t, err)
		require.Zero(t, got[never])
		delete(got, never)
		require.Equal(t, map[domain.Lane]int64{one: 7, other: 9}, got)

		set(domain.Mark{Lane: one, Applied: 8})
		got, err = marks.Applied(t.Context(), []domain.Lane{one})
		require.NoError(t, err)
		require.EqualValues(t, 8, got[one])
	})
	t.Run("says that it cannot", func(t *testing.T) {
		t.Parallel()
		marks, _ := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := marks.Applied(ctx, []domain.Lane{one})
		require.ErrorIs(t, err, waiting.ErrUnavailable)
	})
}
