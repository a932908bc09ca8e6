package logtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
)

func testStores(t *testing.T, store Store) {
	t.Helper()
	before := time.Now().Add(-time.Minute)
	batch := placing.Batch{Number: 1, Drafts: []domain.Draft{
		draft(t, "John Doe", "First order"),
		draft(t, `O'Neil "Q" \ {x,NULL} 👩‍🚀`, "line one\n\tline two \u0007 'quoted', \\ {NULL}"),
		draft(t, "NULL", ""),
		draft(t, strings.Repeat("ö", 200), strings.Repeat("👩", domain.MaxNoteLength)),
	}}
	orders, err := store.Writer(t).Append(t.Context(), batch)
	require.NoError(t, err)
	require.Len(t, orders, len(batch.Drafts))
	for i, o := range orders {
		require.NoError(t, uuid.Validate(o.Place.LogID))
		require.WithinRange(t, o.CreatedAt, before, time.Now().Add(time.Minute))
		require.Equal(t, batch.Drafts[i].Accept(int64(i+1), o.CreatedAt, o.Place.LogID, o.Place.Sequence), o)
	}
	require.Equal(t, all(t, store), orders)
}

func testDense(t *testing.T, store Store) {
	t.Helper()
	log := store.Writer(t)
	var returned []domain.Order
	for number := range int64(20) {
		names := make([]string, 0, 60)
		for i := range 3 * number {
			names = append(names, fmt.Sprintf("user %d", (number*7+i*i)%23))
		}
		names = append(names, "Ann", "Bob", "Ann", "Ann") // a lane more than once in a batch
		orders, err := log.Append(t.Context(), placing.Batch{Number: number + 1, Drafts: drafts(t, names...)})
		require.NoError(t, err)
		returned = append(returned, orders...)
	}
	requireDense(t, returned)
	require.Equal(t, all(t, store), returned)
}

func testOnce(t *testing.T, store Store) {
	t.Helper()
	log, other := store.Writer(t), store.Writer(t)
	batch := placing.Batch{Number: 1, Drafts: drafts(t, "Ann", "Bob", "Ann")}
	first, err := log.Append(t.Context(), batch)
	require.NoError(t, err)
	elsewhere, err := other.Append(t.Context(), batch)
	require.NoError(t, err, "each process counts its batches by itself")

	again, err := log.Append(t.Context(), batch)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, append(first, elsewhere...), all(t, store))
}

func testOlder(t *testing.T, store Store) {
	t.Helper()
	log := store.Writer(t)
	_, err := log.Append(t.Context(), placing.Batch{Number: 7, Drafts: drafts(t, "Ann")})
	require.NoError(t, err)

	_, err = log.Append(t.Context(), placing.Batch{Number: 6, Drafts: drafts(t, "late")})
	require.ErrorIs(t, err, placing.ErrUnknownOutcome, "it cannot be told from one that was appended before number 7")
	require.Len(t, all(t, store), 1)
	_, err = log.Append(t.Context(), placing.Batch{Number: 8, Drafts: drafts(t, "Ann")})
	require.NoError(t, err)
	requireDense(t, all(t, store))
}

func testRefusal(t *testing.T, store Store) {
	t.Helper()
	log := store.Writer(t)
	bad := append(drafts(t, "Ann", "Bob"), draft(t, "Eve", "what the domain would not let pass: \x00"))
	_, err := log.Append(t.Context(), placing.Batch{Number: 1, Drafts: bad})
	require.True(t, isRefusal(err), "%v", err)
	require.Empty(t, all(t, store))

	_, err = log.Append(t.Context(), placing.Batch{Number: 2, Drafts: bad[:2]})
	require.NoError(t, err)
	requireDense(t, all(t, store))
}

func testEnded(t *testing.T, store Store) {
	t.Helper()
	log := store.Writer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	batch := placing.Batch{Number: 1, Drafts: drafts(t, "Ann")}
	_, err := log.Append(ctx, batch)
	require.ErrorIs(t, err, placing.ErrUnavailable)
	require.Empty(t, all(t, store))

	_, err = log.Append(t.Context(), batch)
	require.NoError(t, err, "the same number, tried again")
	require.Len(t, all(t, store), 1)
}

func testClaims(t *testing.T, store Store) {
	t.Helper()
	log, other := store.Writer(t), store.Writer(t)
	first := placing.Claimed{Claim: placing.Claim{Key: [32]byte{1}, Request: [32]byte{9}}, First: 1, Size: 2}
	batch := placing.Batch{Number: 1, Drafts: drafts(t, "Ann", "Bob", "Ann"), Claims: []placing.Claimed{first}}
	orders, err := log.Append(t.Context(), batch)
	require.NoError(t, err)
	again, err := log.Append(t.Context(), batch)
	require.NoError(t, err, "it is its own key")
	require.Equal(t, orders, again)

	taken := placing.Batch{Number: 1, Drafts: drafts(t, "Eve", "Bob"), Claims: []placing.Claimed{
		{Claim: placing.Claim{Key: [32]byte{2}}, First: 0, Size: 1}, {Claim: first.Claim, First: 1, Size: 1},
	}}
	_, err = other.Append(t.Context(), taken)
	require.ErrorIs(t, err, placing.ErrKeyTaken)
	require.True(t, isRefusal(err))
	require.Equal(t, orders, all(t, store), "nothing of the batch is stored")

	taken.Number, taken.Claims = 2, taken.Claims[:1]
	_, err = other.Append(t.Context(), taken)
	require.NoError(t, err, "the batch that was refused has not claimed the other key either")
	requireDense(t, all(t, store))
}
