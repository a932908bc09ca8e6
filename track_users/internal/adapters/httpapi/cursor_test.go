package httpapi

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/domain"
)

func allLists() []reading.Query {
	all := make([]reading.Query, 0, 6)
	for _, sort := range []reading.Sort{reading.ByCounter, reading.ByName, reading.ByCreation} {
		all = append(all, reading.Query{Sort: sort}, reading.Query{Sort: sort, Descending: true})
	}
	return all
}

func someUsers() []domain.User {
	return []domain.User{
		{ID: 1, Name: name.Restore("a"), Counter: 1, CreatedAt: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
		{ID: math.MaxInt64, Name: name.Restore(strings.Repeat("\U0001F469", name.MaxLength)), Counter: math.MaxInt64, CreatedAt: time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)},
	}
}

func TestACursorLeadsBackToItsUser(t *testing.T) {
	t.Parallel()
	for _, q := range allLists() {
		for _, user := range someUsers() {
			text := encodeCursor(q, user)
			require.LessOrEqual(t, len(text), maxCursor)
			got, err := decodeCursor(q, text)
			require.NoError(t, err)
			want := map[reading.Sort]domain.User{
				reading.ByCounter:  {ID: user.ID, Counter: user.Counter},
				reading.ByName:     {ID: user.ID, Name: user.Name},
				reading.ByCreation: {ID: user.ID, CreatedAt: user.CreatedAt},
			}[q.Sort]
			require.Equal(t, want, got)
			for _, other := range allLists() {
				if other != q {
					_, err := decodeCursor(other, text)
					require.ErrorIs(t, err, errCursor, "a cursor of %+v is none of %+v", q, other)
				}
			}
		}
	}
}

func TestEveryChangedCursorIsRefused(t *testing.T) {
	t.Parallel()
	for _, q := range allLists() {
		text := encodeCursor(q, someUsers()[0])
		for at := range text {
			for _, other := range "A_-z9+/=%\n" {
				if damaged := text[:at] + string(other) + text[at+1:]; damaged != text {
					_, err := decodeCursor(q, damaged)
					require.ErrorIs(t, err, errCursor, damaged)
				}
			}
		}
		for _, damaged := range []string{"", text[:len(text)-1], text + "A", text + "\n", text + "=", strings.Repeat("A", maxCursor+1)} {
			_, err := decodeCursor(q, damaged)
			require.ErrorIs(t, err, errCursor, damaged)
		}
	}
}

// What no list can hold is refused although its sum is right.
func TestACursorOfNobodyIsRefused(t *testing.T) {
	t.Parallel()
	ok := someUsers()[0]
	for _, q := range allLists() {
		for title, change := range map[string]func(*domain.User){
			"no id":       func(u *domain.User) { u.ID = 0 },
			"negative id": func(u *domain.User) { u.ID = -1 },
			"no key at all": func(u *domain.User) {
				u.Counter, u.Name, u.CreatedAt = 0, name.Restore(""), time.UnixMicro(math.MinInt64)
			},
			"no legal key": func(u *domain.User) {
				u.Counter, u.Name, u.CreatedAt = -1, name.Restore(" a\x00"), time.UnixMicro(math.MaxInt64)
			},
		} {
			user := ok
			change(&user)
			_, err := decodeCursor(q, encodeCursor(q, user))
			require.ErrorIs(t, err, errCursor, title)
		}
	}
}

func FuzzDecodeCursor(f *testing.F) {
	lists := allLists()
	for i, q := range lists {
		for _, user := range someUsers() {
			f.Add(i, encodeCursor(q, user))
		}
	}
	f.Fuzz(func(t *testing.T, list int, text string) {
		q := lists[uint(list)%uint(len(lists))]
		user, err := decodeCursor(q, text)
		if err != nil {
			require.ErrorIs(t, err, errCursor)
			return
		}
		require.Equal(t, text, encodeCursor(q, user), "each place has one cursor")
	})
}
