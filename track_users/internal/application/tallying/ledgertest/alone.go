package ledgertest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

func testCounts(t *testing.T, store Store) {
	ledger := store.Ledger(t)
	marks := apply(t, ledger, lanes(3, 7), moving(moving(counts("Ann", "Ann", "Bob"), 3, 2), 7, 1))
	require.Equal(t, map[domain.Lane]int64{lane(3): 2, lane(7): 1}, marks.Lanes)
	first, err := store.Users(t.Context())
	require.NoError(t, err)
	require.Len(t, first, 2)
	require.WithinDuration(t, time.Now(), first[0].CreatedAt, time.Hour)

	apply(t, ledger, lanes(3), moving(counts("Ann", "Zoë"), 3, 3))
	requireCounters(t, store, map[string]int64{"Ann": 3, "Bob": 1, "Zoë": 1})
	second, err := store.Users(t.Context())
	require.NoError(t, err)
	require.Equal(t, first[0].CreatedAt, second[0].CreatedAt, "created_at stays")
	require.Equal(t, first[0].ID, second[0].ID)

	foreignCount := domain.Count{Events: 3, Foreign: 2}
	effects := domain.Effects{Counts: map[name.Name]domain.Count{name.Restore("Bob"): foreignCount}, Foreign: 9}
	require.EqualValues(t, 9, apply(t, ledger, foreign(stream), effects).Foreign)
	requireCounters(t, store, map[string]int64{"Ann": 3, "Bob": 4, "Zoë": 1})
	foreigners, err := store.Foreign(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"Ann": 0, "Bob": 2, "Zoë": 0}, foreigners)
}

func testMarks(t *testing.T, store Store) {
	scope := lanes(3, 7)
	scope.Foreign = true
	var seen []domain.Marks
	for _, effects := range []domain.Effects{
		moving(counts(), 3, 5),
		{Foreign: 11},
		moving(counts(), 7, 2),
		counts(),
	} {
		_, err := store.Ledger(t).Apply(t.Context(), scope, func(m domain.Marks) domain.Effects {
			seen = append(seen, m)
			return effects
		})
		require.NoError(t, err)
	}
	require.Equal(t, []domain.Marks{
		{Lanes: map[domain.Lane]int64{lane(3): 0, lane(7): 0}, Foreign: domain.NoOffset},
		{Lanes: map[domain.Lane]int64{lane(3): 5, lane(7): 0}, Foreign: domain.NoOffset},
		{Lanes: map[domain.Lane]int64{lane(3): 5, lane(7): 0}, Foreign: 11},
		{Lanes: map[domain.Lane]int64{lane(3): 5, lane(7): 2}, Foreign: 11},
	}, seen)
}

func testIDs(t *testing.T, store Store) {
	ledger := store.Ledger(t)
	apply(t, ledger, lanes(1), moving(counts("a", "b"), 1, 2))
	for sequence := int64(3); sequence < 10; sequence++ {
		apply(t, ledger, lanes(1), moving(counts("a", "b"), 1, sequence))
	}
	apply(t, ledger, lanes(1), moving(counts("a", "c"), 1, 10))
	users, err := store.Users(t.Context())
	require.NoError(t, err)
	require.Len(t, users, 3)
	for i, user := range users {
		require.EqualValues(t, i+1, user.ID)
	}
}

func testParks(t *testing.T, store Store) {
	placed := &domain.Event{
		Place: domain.Place{Lane: lane(5), Sequence: 1}, Offset: 40,
		Record: &domain.Record{
			Key: []byte("k\x00\xff"), Value: []byte{0, 0xff, 1},
			Headers: []domain.Header{{Key: "a", Value: []byte{0xfe, 0}}, {Key: "a"}, {Key: "", Value: []byte{}}},
		},
		Fault: &domain.Fault{Reason: "value_undecodable", Detail: "NUL \x00 and \xff stay readable"},
	}
	tombstone := &domain.Event{Name: name.Restore("Ann"), Offset: 41, Fault: &domain.Fault{Reason: "value_empty", Detail: "none"}}
	effects := moving(counts(), 5, 1)
	effects.Parked, effects.Foreign = []*domain.Event{placed, tombstone}, 41
	scope := lanes(5)
	scope.Foreign = true
	apply(t, store.Ledger(t), scope, effects)

	letters, err := store.Letters(t.Context())
	require.NoError(t, err)
	require.Equal(t, []Letter{
		{
			Stream: stream, Offset: 40, Place: placed.Place, Reason: "value_undecodable",
			Detail: "NUL \ufffd and \ufffd stay readable", Record: *placed.Record,
		},
		{
			Stream: stream, Offset: 41, Name: "Ann", Reason: "value_empty", Detail: "none",
			Record: domain.Record{Headers: []domain.Header{}},
		},
	}, letters)
	requireCounters(t, store, map[string]int64{})
}

func testNothing(t *testing.T, store Store) {
	require.Equal(t, map[domain.Lane]int64{lane(1): 0}, apply(t, store.Ledger(t), lanes(1), domain.Effects{Foreign: domain.NoOffset}).Lanes)
	requireCounters(t, store, map[string]int64{})
}

// testRollback has a batch whose last part the database refuses.
func testRollback(t *testing.T, store Store) {
	ledger := store.Ledger(t)
	apply(t, ledger, lanes(1), moving(counts("Ann"), 1, 1))
	bad := moving(counts("Ann", "Bob"), 1, 3)
	bad.Counts[name.Restore("NUL \x00")] = domain.Count{Events: 1}
	bad.Parked = []*domain.Event{{Offset: 7, Fault: &domain.Fault{Reason: "r", Detail: "d"}}}
	_, err := ledger.Apply(t.Context(), lanes(1), always(bad))
	require.Error(t, err)
	require.NotErrorIs(t, err, tallying.ErrUnavailable, "trying it again is in vain")

	requireCounters(t, store, map[string]int64{"Ann": 1})
	require.EqualValues(t, 1, marksOf(t, store, lanes(1)).Lanes[lane(1)])
	letters, err := store.Letters(t.Context())
	require.NoError(t, err)
	require.Empty(t, letters)
}

// testMarkRefused has a mark that no store can take: the counters of the same batch must not stay.
func testMarkRefused(t *testing.T, store Store) {
	ledger := store.Ledger(t)
	apply(t, ledger, lanes(1), moving(counts("Ann"), 1, 1))
	_, err := ledger.Apply(t.Context(), lanes(1), always(moving(counts("Ann", "Bob"), 1, -1)))
	require.Error(t, err)
	requireCounters(t, store, map[string]int64{"Ann": 1})
	require.EqualValues(t, 1, marksOf(t, store, lanes(1)).Lanes[lane(1)])
}

func testEnded(t *testing.T, store Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := store.Ledger(t).Apply(ctx, lanes(1), always(moving(counts("Ann"), 1, 1)))
	require.ErrorIs(t, err, tallying.ErrUnavailable)
	requireCounters(t, store, map[string]int64{})
}

func testStreams(t *testing.T, store Store) {
	ledger := store.Ledger(t)
	apply(t, ledger, foreign(stream), domain.Effects{Foreign: 100})
	again, other := stream, stream
	again.TopicID = domain.TopicID{9}
	other.Partition++
	require.Equal(t, domain.NoOffset, marksOf(t, store, foreign(again)).Foreign)
	require.Equal(t, domain.NoOffset, marksOf(t, store, foreign(other)).Foreign)
	require.EqualValues(t, 100, marksOf(t, store, foreign(stream)).Foreign)
}
