// Package feedtest holds every adapter of tallying.Feed to the port's contract.
package feedtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// timeLimit is of each wait: a feed that hangs fails the test.
const timeLimit = time.Minute

// Stream is a stream that is empty at first.
type Stream interface {
	// Write appends records.
	Write(t *testing.T, records ...domain.Record)
	// Replace puts an empty stream of the same name in the place of this one.
	Replace(t *testing.T)
	// Open starts a reader and gives its first session. One reader is open at a time.
	Open(t *testing.T) Session
}

// Session is a feed in the hands of a test, from where the session before has committed.
type Session interface {
	tallying.Feed

	// Context is what a tally is run with: it ends with the session, at the latest when that is closed.
	Context() context.Context
	// End tells the reader to stop, and returns while the feed is still held.
	End()
	// Again gives the feed back, as a tally does that has to rewind, and returns the reader's next session.
	Again(t *testing.T) Session
	// Close gives the feed back and stops the reader.
	Close(t *testing.T)
}

// Exercise runs the suite; open gives each test a stream of its own.
func Exercise(t *testing.T, open func(t *testing.T) Stream) {
	t.Helper()
	for title, test := range map[string]func(t *testing.T, stream Stream){
		"delivers in order, never more than the limit": testOrder,
		"delivers to the byte":                         testBytes,
		"tells that a record is gone":                  testGone,
		"returns when patience is over":                testPatience,
		"loses nothing when a caller gives up":         testGivenUp,
		"ends with the session":                        testEnd,
		"begins where a rewind has committed":          testRewind,
		"begins where a stop has committed":            testRestart,
		"tells when the stream is another":             testReplaced,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// numbered makes records that tell them apart: those from first on.
func numbered(first, count int) []domain.Record {
	records := make([]domain.Record, count)
	for i := range records {
		records[i] = domain.Record{
			Key:     fmt.Appendf(nil, "key %d", first+i),
			Value:   fmt.Appendf(nil, `{"name":"user %d"}`, first+i),
			Headers: []domain.Header{{Key: "number", Value: fmt.Append(nil, first+i)}},
		}
	}
	return records
}

// next asks once.
func next(t *testing.T, s Session, limit int, patience time.Duration) []*domain.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), timeLimit)
	defer cancel()
	records, err := s.Next(ctx, limit, patience)
	require.NoError(t, err)
	require.LessOrEqual(t, len(records), limit)
	return records
}

// read asks until it has so many.
func read(t *testing.T, s Session, count int) []*domain.Event {
	t.Helper()
	records := make([]*domain.Event, 0, count)
	for len(records) < count {
		some := next(t, s, count-len(records), 0)
		require.NotEmpty(t, some, "without patience it returns only with records")
		records = append(records, some...)
	}
	return records
}

// nameOf is whom a numbered record is about.
func nameOf(number int) name.Name { return name.Restore(fmt.Sprintf("user %d", number)) }

// requireEvents holds what was read, from the stream's begin on, against so many numbered records from first on.
func requireEvents(t *testing.T, first, count int, got []*domain.Event) {
	t.Helper()
	require.Len(t, got, count)
	for i, e := range got {
		require.Equal(t, &domain.Event{Name: nameOf(first + i), Offset: int64(i)}, e)
	}
}

// requireRecord holds a record against what was written.
func requireRecord(t *testing.T, written domain.Record, got *domain.Record) {
	t.Helper()
	require.NotNil(t, got)
	if len(written.Headers) == 0 {
		require.Empty(t, got.Headers)
		written.Headers = got.Headers // nil or empty is one to the port
	}
	require.Equal(t, &written, got)
}
