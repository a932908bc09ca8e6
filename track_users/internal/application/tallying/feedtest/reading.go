package feedtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// All records are held against what was written at the very end: none may change once it is handed out.
func testOrder(t *testing.T, stream Stream) {
	t.Helper()
	const half = 1500
	written := numbered(0, 2*half)
	stream.Write(t, written[:half]...)
	s := stream.Open(t)
	got := readInTurns(t, s, half)
	stream.Write(t, written[half:]...)
	got = append(got, readInTurns(t, s, half)...)
	requireEvents(t, 0, len(written), got)
	s.Close(t)
}

// readInTurns reads with limits small and large.
func readInTurns(t *testing.T, s Session, count int) []*domain.Event {
	t.Helper()
	limits := []int{1, 7, 400}
	var got []*domain.Event
	for turn := 0; len(got) < count; turn++ {
		some := next(t, s, limits[turn%len(limits)], 0)
		require.NotEmpty(t, some)
		got = append(got, some...)
	}
	return got
}

func testBytes(t *testing.T, stream Stream) {
	t.Helper()
	binary := make([]byte, 256)
	for i := range binary {
		binary[i] = byte(i)
	}
	written := []domain.Record{
		{Value: []byte(`{"name":"user 0"}`)},
		{},
		{Key: []byte{}, Value: []byte{}},
		{Key: []byte("a tombstone")},
		{Key: []byte{}},
		{Value: []byte{}},
		{Key: binary, Value: bytes.Repeat(binary, 400)},
		{Value: []byte("{}"), Headers: []domain.Header{
			{Key: "twice", Value: []byte("1")},
			{Key: "ce_id", Value: binary},
			{Key: "twice", Value: []byte("2")},
			{Key: "null"},
			{Key: "empty", Value: []byte{}},
			{Key: "", Value: []byte("no key")},
			{Key: "no UTF-8 \xff\x00", Value: []byte{0xff, 0}},
		}},
	}
	stream.Write(t, written...)
	s := stream.Open(t)
	for i, e := range read(t, s, len(written)) {
		record, err := s.Record(t.Context(), e)
		require.NoError(t, err)
		requireRecord(t, written[i], record)
		require.Equal(t, e.Fault != nil, e.Record != nil)
		if e.Fault != nil {
			requireRecord(t, written[i], e.Record)
		}
	}
	s.Close(t)
}

// What an event was made of may be gone, or something else may be in its place.
func testGone(t *testing.T, stream Stream) {
	t.Helper()
	stream.Write(t, numbered(0, 3)...)
	s := stream.Open(t)
	first := *read(t, s, 3)[0]
	for _, change := range []func(*domain.Event){
		func(e *domain.Event) { e.Offset = 3 },
		func(e *domain.Event) { e.Offset = 1000 },
		func(e *domain.Event) { e.Name = name.Restore("user 1") },
		func(e *domain.Event) { e.Place = domain.Place{Lane: domain.Lane{Source: "a log"}, Sequence: 1} },
	} {
		e := first
		change(&e)
		_, err := s.Record(t.Context(), &e)
		require.ErrorIs(t, err, tallying.ErrGone, "%+v", e)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	_, err := s.Record(ctx, &first)
	require.ErrorIs(t, err, enough)
	s.Close(t)
}

func testPatience(t *testing.T, stream Stream) {
	t.Helper()
	const patience = 100 * time.Millisecond
	s := stream.Open(t)
	begin := time.Now()
	require.Empty(t, next(t, s, 10, patience))
	require.GreaterOrEqual(t, time.Since(begin), patience)

	// What is there is returned, however much patience there is left.
	written := numbered(0, 3)
	stream.Write(t, written...)
	var got []*domain.Event
	for len(got) < len(written) {
		some := next(t, s, 10, 10*timeLimit)
		require.NotEmpty(t, some)
		got = append(got, some...)
	}
	requireEvents(t, 0, len(written), got)
	require.Empty(t, next(t, s, 10, patience))
	s.Close(t)
}

// Each record comes although the caller's context has ended, and then now, or comes at the next call.
func testGivenUp(t *testing.T, stream Stream) {
	t.Helper()
	s := stream.Open(t)
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(s.Context())
	cancel(enough)
	_, err := s.Next(ctx, 10, 0)
	require.ErrorIs(t, err, enough, "there is nothing to read")

	written := numbered(0, 50)
	stream.Write(t, written...)
	got := read(t, s, 1) // the others are at hand then, or soon
	for range len(written) / 2 {
		some, err := s.Next(ctx, 1, 0)
		if err != nil {
			require.ErrorIs(t, err, enough)
			require.Empty(t, some)
		}
		got = append(got, some...)
	}
	requireEvents(t, 0, len(written), append(got, read(t, s, len(written)-len(got))...))
	s.Close(t)
}

func testEnd(t *testing.T, stream Stream) {
	t.Helper()
	stream.Write(t, numbered(0, 3)...)
	s := stream.Open(t)
	read(t, s, 3)
	ended := make(chan error, 1)
	go func() {
		_, err := s.Next(s.Context(), 10, 0)
		ended <- err
	}()
	s.End()
	select {
	case err := <-ended:
		require.Error(t, err)
		if !errors.Is(err, io.EOF) {
			require.ErrorIs(t, err, context.Cause(s.Context()))
		}
	case <-time.After(timeLimit):
		require.FailNow(t, "the feed does not end")
	}

	// It has ended for whoever asks.
	ctx, cancel := context.WithTimeout(t.Context(), timeLimit)
	defer cancel()
	_, err := s.Next(ctx, 10, 0)
	require.ErrorIs(t, err, io.EOF)
	s.Close(t)
}
