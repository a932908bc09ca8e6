package feedtest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/track_users/internal/application/tallying"
)

func testRewind(t *testing.T, stream Stream) {
	t.Helper()
	exerciseCommit(t, stream, func(s Session) Session { return s.Again(t) })
}

func testRestart(t *testing.T, stream Stream) {
	t.Helper()
	exerciseCommit(t, stream, func(s Session) Session {
		s.Close(t)
		return stream.Open(t)
	})
}

// exerciseCommit reads ten records over and over. The last offset counts, be it lower than the ones before.
func exerciseCommit(t *testing.T, stream Stream, reopen func(Session) Session) {
	t.Helper()
	const count = 10
	written := numbered(0, count+1)
	stream.Write(t, written[:count]...)
	s := stream.Open(t)
	begin := int64(0)
	for _, step := range []struct {
		commits []int64
		begins  int64
	}{
		{nil, 0},
		{[]int64{4, 8}, 8},
		{nil, 8},
		{[]int64{2}, 2},
		{[]int64{10, 9}, 9},
		{[]int64{2, 10}, 10},
	} {
		got := read(t, s, 1)
		require.Equal(t, begin, got[0].Offset)
		read(t, s, int(count-begin-1))
		for _, offset := range step.commits {
			s.Commit(offset)
		}
		s, begin = reopen(s), step.begins
	}
	require.Empty(t, next(t, s, 1, 100*time.Millisecond), "all of it is done with")
	stream.Write(t, written[count])
	got := read(t, s, 1)
	require.EqualValues(t, count, got[0].Offset)
	require.Equal(t, nameOf(count), got[0].Name)
	s.Close(t)
}

// The new stream is read from its own beginning, whatever was committed.
func testReplaced(t *testing.T, stream Stream) {
	t.Helper()
	stream.Write(t, numbered(0, 5)...)
	s := stream.Open(t)
	require.NoError(t, s.Verify(t.Context()))
	read(t, s, 5)
	require.NoError(t, s.Verify(t.Context()))
	s.Commit(3)

	stream.Replace(t)
	require.Eventually(t, func() bool {
		err := s.Verify(t.Context())
		require.True(t, err == nil || errors.Is(err, tallying.ErrUnavailable) || errors.Is(err, tallying.ErrStreamChanged), "%v", err)
		return errors.Is(err, tallying.ErrStreamChanged)
	}, timeLimit/3, 20*time.Millisecond)

	s.Commit(4) // is about the stream that was
	written := numbered(100, 5)
	stream.Write(t, written...)
	s = s.Again(t)
	got := read(t, s, 1)
	require.Zero(t, got[0].Offset)
	requireEvents(t, 100, len(written), append(got, read(t, s, len(written)-1)...))
	require.NoError(t, s.Verify(t.Context()))
	s.Close(t)
}
