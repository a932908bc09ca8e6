package userstest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/domain"
)

// crowd are users with many that are equal in what lists are ordered by, and counters at every border that a store
// might have.
func crowd() []domain.User {
	counters := []int64{1, 1, 1, 2, 15, 16, 62, 63, 63, 64, 64, 65, 255, 255, 256, 257, 1023, 1024, 1 << 40, 1<<62 - 1, 1<<62 + 1}
	names := []string{"", "é", "Z", "z", "~", "\U0001F469"}
	begin := time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.UTC)
	each := 3*len(counters) + 1 // 64: prime to 7 and 11, so that each has an id and a name of its own
	users := make([]domain.User, 0, 3*len(counters))
	for i := range 3 * len(counters) {
		users = append(users, domain.User{
			ID: int64((i*7)%each + 1), Name: name.Restore(fmt.Sprintf("%s%02d", names[i%len(names)], (i*11)%each)),
			Counter: counters[i%len(counters)], CreatedAt: begin.Add(time.Duration(i/4) * time.Microsecond),
		})
	}
	return users
}

func inOrder(users []domain.User, q reading.Query) []domain.User {
	sorted := slices.Clone(users)
	slices.SortFunc(sorted, func(a, b domain.User) int {
		by := 0
		switch q.Sort {
		case reading.ByCounter:
			by = cmp.Compare(a.Counter, b.Counter)
		case reading.ByName:
			by = strings.Compare(a.Name.String(), b.Name.String())
		case reading.ByCreation:
			by = a.CreatedAt.Compare(b.CreatedAt)
		}
		by = cmp.Or(by, cmp.Compare(a.ID, b.ID))
		if q.Descending {
			return -by
		}
		return by
	})
	return sorted
}

// testLists walks through all pages of each order, and expects every user once and in its place.
func testLists(t *testing.T, open func(t *testing.T) (reading.Users, func(domain.User))) {
	users, add := open(t)
	all := crowd()
	for _, q := range queries() {
		none, err := users.List(t.Context(), q)
		require.NoError(t, err)
		require.Empty(t, none)
	}
	for _, user := range all {
		add(user)
	}
	for _, q := range queries() {
		want := inOrder(all, q)
		for _, q.Limit = range []int{1, 2, 7, len(all), reading.MaxPage} {
			var got []domain.User
			for q.After = nil; len(got) < len(want); q.After = &got[len(got)-1] {
				page, err := users.List(t.Context(), q)
				require.NoError(t, err)
				require.Len(t, page, min(q.Limit, len(want)-len(got)), "%+v", q)
				got = append(got, page...)
			}
			require.Equal(t, want, got, "%+v", q)
			end, err := users.List(t.Context(), q)
			require.NoError(t, err)
			if q.After != nil {
				require.Empty(t, end, "%+v", q)
			}
		}
	}
}

func queries() []reading.Query {
	all := make([]reading.Query, 0, 6)
	for _, sort := range []reading.Sort{reading.ByCounter, reading.ByName, reading.ByCreation} {
		all = append(all, reading.Query{Sort: sort, Limit: 3}, reading.Query{Sort: sort, Descending: true, Limit: 3})
	}
	return all
}

func testListsEnded(t *testing.T, open func(t *testing.T) (reading.Users, func(domain.User))) {
	users, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, q := range queries() {
		_, err := users.List(ctx, q)
		require.ErrorIs(t, err, reading.ErrUnavailable)
	}
}
