// Package ledgertest holds every adapter of tallying.Ledger to the port's contract.
package ledgertest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// Letter is a parked event as the store keeps it.
type Letter struct {
	Stream         domain.Stream
	Offset         int64
	Place          domain.Place
	Name           string
	Reason, Detail string
	Record         domain.Record // empty when nobody had it any more
}

// Store is one set of counters that is empty at first.
type Store interface {
	// Ledger opens the store once more, as another process does.
	Ledger(t *testing.T) tallying.Ledger
	// Users reads all users, by id.
	Users(ctx context.Context) ([]domain.User, error)
	// Foreign reads how many of each user's events were foreign.
	Foreign(ctx context.Context) (map[string]int64, error)
	// Letters reads what was parked, in the order it was.
	Letters(ctx context.Context) ([]Letter, error)
}

// Exercise runs the suite; open gives each test a store of its own.
func Exercise(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for title, test := range map[string]func(t *testing.T, store Store){
		"counts and moves the marks":                  testCounts,
		"shows each decision the marks of the last":   testMarks,
		"numbers users without a gap":                 testIDs,
		"parks to the byte":                           testParks,
		"does nothing when there is nothing to do":    testNothing,
		"does all of it or nothing":                   testRollback,
		"counts nothing whose mark cannot move":       testMarkRefused,
		"does nothing for a context that has ended":   testEnded,
		"counts once what two consumers hold":         testZombie,
		"counts once what is foreign":                 testForeignZombie,
		"locks marks in one order":                    testOrder,
		"makes marks once, whoever asks first":        testFirst,
		"counts names in common without a deadlock":   testCommonNames,
		"tells streams of one topic name apart by id": testStreams,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

var stream = domain.Stream{Topic: "user_events", TopicID: domain.TopicID{1, 2, 3}, Partition: 4}

func lane(number int) domain.Lane {
	return domain.Lane{Source: "/order_service/logs/0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11", Number: number}
}

func lanes(numbers ...int) domain.Scope {
	scope := domain.Scope{Stream: stream}
	for _, number := range numbers {
		scope.Lanes = append(scope.Lanes, lane(number))
	}
	return scope
}

func foreign(s domain.Stream) domain.Scope { return domain.Scope{Stream: s, Foreign: true} }

// counts makes effects that count each name once.
func counts(names ...string) domain.Effects {
	effects := domain.Effects{
		Counts: map[name.Name]domain.Count{}, Lanes: map[domain.Lane]int64{}, Foreign: domain.NoOffset,
	}
	for _, who := range names {
		count := effects.Counts[name.Restore(who)]
		count.Events++
		effects.Counts[name.Restore(who)] = count
	}
	return effects
}

func moving(effects domain.Effects, number int, applied int64) domain.Effects {
	effects.Lanes[lane(number)] = applied
	return effects
}

// always is a decision that does not look at the marks.
func always(effects domain.Effects) func(domain.Marks) domain.Effects {
	return func(domain.Marks) domain.Effects { return effects }
}

func apply(t *testing.T, ledger tallying.Ledger, scope domain.Scope, effects domain.Effects) domain.Marks {
	t.Helper()
	marks, err := ledger.Apply(t.Context(), scope, always(effects))
	require.NoError(t, err)
	return marks
}

// marksOf reads the marks of a scope, as a decision sees them.
func marksOf(t *testing.T, store Store, scope domain.Scope) domain.Marks {
	t.Helper()
	return apply(t, store.Ledger(t), scope, counts())
}

func requireCounters(t *testing.T, store Store, want map[string]int64) {
	t.Helper()
	users, err := store.Users(t.Context())
	require.NoError(t, err)
	got := map[string]int64{}
	for _, user := range users {
		got[user.Name.String()] = user.Counter
	}
	require.Equal(t, want, got)
}
