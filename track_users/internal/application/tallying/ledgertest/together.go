package ledgertest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/domain"
)

// testZombie has several consumers that all believe to own a lane, and all hold its events: the marks fence them.
func testZombie(t *testing.T, store Store) {
	const consumers, events, step = 4, 200, 7
	var together sync.WaitGroup
	errs := make([]error, consumers)
	for i := range consumers {
		ledger := store.Ledger(t)
		together.Go(func() {
			for applied := int64(0); applied < events && errs[i] == nil; {
				var marks domain.Marks
				marks, errs[i] = ledger.Apply(t.Context(), lanes(9), func(m domain.Marks) domain.Effects {
					to := min(m.Lanes[lane(9)]+step, events)
					count := domain.Count{Events: to - m.Lanes[lane(9)]}
					if count.Events == 0 {
						return counts()
					}
					effects := moving(counts(), 9, to)
					effects.Counts[name.Restore("Ann")] = count
					return effects
				})
				applied = marks.Lanes[lane(9)]
			}
		})
	}
	together.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	requireCounters(t, store, map[string]int64{"Ann": events})
}

// testForeignZombie has several consumers that all believe to own a partition, and all hold its foreign events.
func testForeignZombie(t *testing.T, store Store) {
	const consumers, events, step = 4, 200, 7
	var together sync.WaitGroup
	errs := make([]error, consumers)
	for i := range consumers {
		ledger := store.Ledger(t)
		together.Go(func() {
			for applied := int64(0); applied < events && errs[i] == nil; {
				var marks domain.Marks
				marks, errs[i] = ledger.Apply(t.Context(), foreign(stream), func(m domain.Marks) domain.Effects {
					done := m.Foreign + 1
					to := min(done+step, events)
					if to == done {
						return counts()
					}
					effects := counts()
					effects.Foreign = to - 1
					effects.Counts[name.Restore("Ann")] = domain.Count{Events: to - done, Foreign: to - done}
					return effects
				})
				applied = marks.Foreign + 1
			}
		})
	}
	together.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	requireCounters(t, store, map[string]int64{"Ann": events})
}

// testOrder has consumers that name the same lanes in opposite orders: were they locked so, some would wait for each
// other in a circle.
func testOrder(t *testing.T, store Store) {
	const consumers, rounds = 6, 100
	apply(t, store.Ledger(t), lanes(0, 1, 2, 3, 4, 5), counts())
	var together sync.WaitGroup
	errs := make([]error, consumers)
	for i := range consumers {
		ledger := store.Ledger(t)
		scope := lanes(0, 1, 2, 3, 4, 5)
		if i%2 == 1 {
			slices.Reverse(scope.Lanes)
		}
		together.Go(func() {
			for round := range int64(rounds) {
				if _, err := ledger.Apply(t.Context(), scope, always(moving(counts(), i, round))); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	together.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

func testFirst(t *testing.T, store Store) {
	const consumers = 6
	scope := lanes(0, 1, 2, 3, 4, 5, 6, 7)
	scope.Foreign = true
	var together sync.WaitGroup
	errs := make([]error, consumers)
	for i := range consumers {
		ledger := store.Ledger(t)
		together.Go(func() {
			_, errs[i] = ledger.Apply(t.Context(), scope, func(m domain.Marks) domain.Effects {
				return moving(counts("Ann"), 5, m.Lanes[lane(5)]+1)
			})
		})
	}
	together.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.EqualValues(t, consumers, marksOf(t, store, scope).Lanes[lane(5)])
	requireCounters(t, store, map[string]int64{"Ann": consumers})
}

// testCommonNames has partitions whose foreign events name the same users, new and known ones, in every order.
func testCommonNames(t *testing.T, store Store) {
	const consumers, rounds, users = 6, 30, 40
	var together sync.WaitGroup
	errs := make([]error, consumers)
	for i := range consumers {
		ledger := store.Ledger(t)
		mine := stream
		mine.Partition = int32(i)
		together.Go(func() {
			for round := range rounds {
				effects := domain.Effects{Counts: map[name.Name]domain.Count{}, Foreign: int64(round)}
				for user := range users {
					effects.Counts[name.Restore(fmt.Sprintf("user-%d-%d", round/10, user))] = domain.Count{Events: 1, Foreign: 1}
				}
				if _, err := ledger.Apply(t.Context(), foreign(mine), always(effects)); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	together.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	all, err := store.Users(t.Context())
	require.NoError(t, err)
	require.Len(t, all, rounds/10*users)
	for _, user := range all {
		require.EqualValues(t, consumers*10, user.Counter)
	}
}
