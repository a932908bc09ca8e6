// Package userstest holds every adapter of reading.Users to the port's contract.
package userstest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/domain"
)

// Exercise runs the suite; open gives each test users of its own, and a way to add one.
func Exercise(t *testing.T, open func(t *testing.T) (reading.Users, func(domain.User))) {
	t.Helper()
	t.Run("finds a user by name, to the letter", func(t *testing.T) {
		t.Parallel()
		users, add := open(t)
		created := time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.UTC)
		zoe := domain.User{ID: 7, Name: name.Restore("Zoë / 100%"), Counter: 3, CreatedAt: created}
		add(zoe)
		add(domain.User{ID: 8, Name: name.Restore("zoë / 100%"), Counter: 5, CreatedAt: created})
		got, err := users.ByName(t.Context(), zoe.Name)
		require.NoError(t, err)
		require.Equal(t, zoe, got)
	})
	t.Run("says that there is none", func(t *testing.T) {
		t.Parallel()
		users, _ := open(t)
		_, err := users.ByName(t.Context(), name.Restore("Ann"))
		require.ErrorIs(t, err, reading.ErrNotFound)
	})
	t.Run("says that it cannot tell", func(t *testing.T) {
		t.Parallel()
		users, _ := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := users.ByName(ctx, name.Restore("Ann"))
		require.ErrorIs(t, err, reading.ErrUnavailable)
	})
	t.Run("lists every user once, in each order and by pages of any size", func(t *testing.T) {
		t.Parallel()
		testLists(t, open)
	})
	t.Run("says that it cannot list", func(t *testing.T) {
		t.Parallel()
		testListsEnded(t, open)
	})
}
