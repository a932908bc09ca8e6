package domain_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ordertrack/track_users/internal/domain"
)

func TestEffects_ApplyMovesEachMarkToItsPlaceAndNoneBack(t *testing.T) {
	t.Parallel()
	a, b, other := domain.Lane{Source: "a"}, domain.Lane{Source: "b"}, domain.Lane{Source: "c"}
	before := func(foreign int64) domain.Marks {
		return domain.Marks{Lanes: map[domain.Lane]int64{a: 5, b: 2}, Foreign: foreign}
	}
	for title, c := range map[string]struct {
		effects domain.Effects
		foreign int64
		want    domain.Marks
	}{
		"none":           {domain.Effects{Foreign: domain.NoOffset}, 40, before(40)},
		"none ever":      {domain.Effects{Foreign: domain.NoOffset}, domain.NoOffset, before(domain.NoOffset)},
		"first foreign":  {domain.Effects{Foreign: 0}, domain.NoOffset, before(0)},
		"foreign":        {domain.Effects{Foreign: 41}, 40, before(41)},
		"foreign back":   {domain.Effects{Foreign: 39}, 40, before(40)},
		"lane back":      {domain.Effects{Foreign: 40, Lanes: map[domain.Lane]int64{a: 4}}, 40, before(40)},
		"beside a scope": {domain.Effects{Foreign: 40, Lanes: map[domain.Lane]int64{other: 4}}, 40, before(40)},
		"all": {
			domain.Effects{Foreign: 50, Lanes: map[domain.Lane]int64{a: 6, b: 9}},
			40,
			domain.Marks{Lanes: map[domain.Lane]int64{a: 6, b: 9}, Foreign: 50},
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			marks := before(c.foreign)
			require.Equal(t, c.want, c.effects.Apply(marks))
			require.Equal(t, before(c.foreign), marks, "the marks given are as they were")
		})
	}
}

func TestScope_IsEmptyWithoutAnythingToDecide(t *testing.T) {
	t.Parallel()
	require.True(t, domain.Scope{Stream: domain.Stream{Topic: "t"}}.IsEmpty())
	require.False(t, domain.Scope{Foreign: true}.IsEmpty())
	require.False(t, domain.Scope{Lanes: []domain.Lane{{}}}.IsEmpty())
}

// Consumers lock marks in this order: were it not the same for all of them, they would deadlock.
func TestLane_CompareIsATotalOrder(t *testing.T) {
	t.Parallel()
	draw := rapid.Custom(func(t *rapid.T) domain.Lane {
		return domain.Lane{
			Source: rapid.SampledFrom([]string{"", "a", "ab", "b"}).Draw(t, "source"), Number: rapid.IntRange(0, 11).Draw(t, "number"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := draw.Draw(t, "a"), draw.Draw(t, "b"), draw.Draw(t, "c")
		require.Equal(t, a == b, a.Compare(b) == 0)
		require.Equal(t, -b.Compare(a), a.Compare(b))
		if a.Compare(b) < 0 && b.Compare(c) < 0 {
			require.Negative(t, a.Compare(c))
		}
	})
}
