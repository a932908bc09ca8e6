package domain_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEvent_DetachKeepsEveryByteAndNoneOfTheBuffer(t *testing.T) {
	t.Parallel()
	buffer := []byte(`keyvalueheader`)
	e := &domain.Event{
		Name: name.Restore("Ann"), Place: domain.Place{Lane: domain.Lane{Source: "log", Number: 3}, Sequence: 9},
		Record: domain.Record{
			Key: buffer[0:3], Value: buffer[3:8],
			Headers: []domain.Header{{Key: "a", Value: buffer[8:]}, {Key: "b"}, {Key: "c", Value: []byte{}}},
		},
	}
	want, size := *e, e.Size()
	want.Record = domain.Record{Key: []byte("key"), Value: []byte("value"), Headers: []domain.Header{
		{Key: "a", Value: []byte("header")}, {Key: "b"}, {Key: "c", Value: []byte{}},
	}}
	e.Detach()
	clear(buffer)
	require.Equal(t, &want, e)
	require.Nil(t, e.Record.Headers[1].Value, "no value is not an empty one")
	require.Equal(t, size, e.Size())
}

func TestEvent_DetachKeepsATombstoneATombstone(t *testing.T) {
	t.Parallel()
	e := &domain.Event{}
	e.Detach()
	require.Nil(t, e.Record.Key)
	require.Nil(t, e.Record.Value)
	require.True(t, e.IsForeign())
}

func TestLane_ComparesBySourceThenNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b domain.Lane
		want int
	}{
		{domain.Lane{Source: "a", Number: 9}, domain.Lane{Source: "b", Number: 1}, -1},
		{domain.Lane{Source: "a", Number: 9}, domain.Lane{Source: "a", Number: 10}, -1},
		{domain.Lane{Source: "b"}, domain.Lane{Source: "a", Number: 63}, 1},
		{domain.Lane{Source: "a", Number: 1}, domain.Lane{Source: "a", Number: 1}, 0},
	} {
		require.Equal(t, c.want, c.a.Compare(c.b))
	}
}

func TestEffects_ApplyMovesMarksForwardOnly(t *testing.T) {
	t.Parallel()
	a, b := domain.Lane{Source: "a"}, domain.Lane{Source: "b"}
	before := domain.Marks{Lanes: map[domain.Lane]int64{a: 5, b: 2}, Foreign: 40}
	after := domain.Effects{Lanes: map[domain.Lane]int64{a: 7}, Foreign: domain.NoOffset}.Apply(before)
	require.Equal(t, domain.Marks{Lanes: map[domain.Lane]int64{a: 7, b: 2}, Foreign: 40}, after)
	require.Equal(t, map[domain.Lane]int64{a: 5, b: 2}, before.Lanes)
}
