// Package wiretest holds every adapter of relaying.Wire to the port's contract.
package wiretest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/relaying"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
)

// LogID is the log that the suite's events come from.
const LogID = "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11"

// Received is a record at the other end.
type Received struct {
	event.Record

	Partition int32
	At        time.Time
}

// End is the other end of a wire that is new.
type End interface {
	// Wire opens the near end; it is closed after the test.
	Wire(t *testing.T) relaying.Wire
	// Read reads so many records from the beginning: each partition's in order.
	Read(t *testing.T, records int) []Received
}

// Exercise runs the suite; open gives each test a wire of its own.
func Exercise(t *testing.T, open func(t *testing.T) End) {
	t.Helper()
	for title, test := range map[string]func(t *testing.T, end End){
		"publishes each event in its lane's order": testPublish,
		"goes on after a context that has ended":   testEnded,
		"counts what is before the first failure":  testFailure,
		"publishes nothing before it is connected": testNotConnected,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Events makes placed orders with ids from first on, of some forty names.
func Events(first int64, count int) []domain.Placed {
	placed := make([]domain.Placed, count)
	for i := range placed {
		id := first + int64(i)
		who := name.Restore(fmt.Sprintf("user \"%d\" ö", id%41))
		placed[i] = domain.Placed{
			OrderID: id, Name: who, PlacedAt: time.UnixMilli(1_700_000_000_000 + id).UTC(),
			Place:       domain.Place{LogID: LogID, Lane: event.LaneOf(who), Sequence: id}, // grows in each lane
			TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		}
	}
	return placed
}

func record(p domain.Placed) event.Record {
	return event.Encode(event.Placed{
		OrderID: p.OrderID, Name: p.Name, LogID: p.Place.LogID, Lane: p.Place.Lane, Sequence: p.Place.Sequence,
		PlacedAt: p.PlacedAt, TraceParent: p.TraceParent,
	})
}

// requireReceived holds what was received against what was published: each event once, to the byte, a lane's in order
// and in one partition.
func requireReceived(t *testing.T, placed []domain.Placed, received []Received) {
	t.Helper()
	want := map[int64]domain.Placed{}
	for _, p := range placed {
		want[p.Place.Sequence] = p
	}
	last, partition := map[int]int64{}, map[int]int32{}
	for _, r := range received {
		decoded, err := event.Decode(r.Record)
		require.NoError(t, err)
		key := decoded.Place.Sequence
		p, due := want[key]
		require.True(t, due, "sequence %d came twice, or was never published", key)
		delete(want, key)
		require.Equal(t, record(p), r.Record)
		require.WithinDuration(t, time.Now(), r.At, time.Hour, "when it was published, not when it was placed")

		lane := decoded.Place.Lane
		require.Greater(t, decoded.Place.Sequence, last[lane], "lane %d", lane)
		last[lane] = decoded.Place.Sequence
		if _, known := partition[lane]; known {
			require.Equal(t, partition[lane], r.Partition, "lane %d", lane)
		}
		partition[lane] = r.Partition
	}
	require.Empty(t, want)
}

func connect(t *testing.T, wire relaying.Wire) {
	t.Helper()
	require.NoError(t, wire.Connect(t.Context()))
}

func testPublish(t *testing.T, end End) {
	t.Helper()
	wire, placed := end.Wire(t), Events(1, 3000)
	connect(t, wire)
	for _, batch := range [][]domain.Placed{placed[:1], {}, placed[1:2500], placed[2500:]} {
		connect(t, wire) // again does no harm
		acknowledged, err := wire.Publish(t.Context(), batch)
		require.NoError(t, err)
		require.Equal(t, len(batch), acknowledged)
	}
	requireReceived(t, placed, end.Read(t, len(placed)))
}

func testEnded(t *testing.T, end End) {
	t.Helper()
	wire, placed := end.Wire(t), Events(1, 10)
	require.Eventually(t, func() bool { // it may still send a few events before it sees the end
		connect(t, wire)
		return endsWithItsContext(t, wire)
	}, time.Minute, time.Millisecond)

	connect(t, wire)
	acknowledged, err := wire.Publish(t.Context(), placed)
	require.NoError(t, err)
	require.Equal(t, len(placed), acknowledged)
}

func endsWithItsContext(t *testing.T, wire relaying.Wire) bool {
	t.Helper()
	cause := errors.New("stopping")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	acknowledged, err := wire.Publish(ctx, Events(1, 1000))
	return acknowledged < 1000 && errors.Is(err, cause)
}

// testFailure has an event in the middle that is too large for any wire.
func testFailure(t *testing.T, end End) {
	t.Helper()
	wire, placed := end.Wire(t), Events(1, 1000)
	for _, bad := range []int{0, 2} {
		tooLarge := slices.Clone(placed)
		tooLarge[bad].TraceParent = strings.Repeat("x", 4<<20)
		connect(t, wire)
		acknowledged, err := wire.Publish(t.Context(), tooLarge)
		require.Error(t, err)
		require.Equal(t, bad, acknowledged, "whatever became of those behind it")
	}
	connect(t, wire)
	acknowledged, err := wire.Publish(t.Context(), placed)
	require.NoError(t, err)
	require.Equal(t, len(placed), acknowledged)
}

func testNotConnected(t *testing.T, end End) {
	t.Helper()
	wire := end.Wire(t)
	acknowledged, err := wire.Publish(t.Context(), Events(1, 1))
	require.Error(t, err)
	require.Zero(t, acknowledged)

	cause := errors.New("stopping")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	require.ErrorIs(t, wire.Connect(ctx), cause)
}
