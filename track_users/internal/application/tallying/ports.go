package tallying

import (
	"context"
	"errors"
	"time"

	"ordertrack/track_users/internal/domain"
)

//go:generate go tool mockgen -source=ports.go -destination=mocks/ports.go -package=mocks

// What ports may answer.
var (
	// ErrUnavailable says that the same may succeed later. Applying again is harmless, whatever became of the first try.
	ErrUnavailable = errors.New("not available")
	// ErrStreamChanged says that the topic is not the one any more that the records were read from.
	ErrStreamChanged = errors.New("the topic was created again")
	// ErrGone says that a record is not in the topic any more.
	ErrGone = errors.New("the record is not in the topic any more")
)

// Ledger keeps the counters, and the marks that say how far they are.
type Ledger interface {
	// Apply holds the marks of the scope still, asks decide what is to be done given them, and does it, in one
	// transaction: all of it or nothing. It returns the marks as they are afterwards. decide must be a pure function, and
	// may be asked more than once.
	//
	// Errors: ErrUnavailable, wrapped; any other error refuses the effects for what is in them, and nothing was done.
	Apply(ctx context.Context, scope domain.Scope, decide func(domain.Marks) domain.Effects) (domain.Marks, error)
}

// Feed delivers one stream, in the order of offsets.
type Feed interface {
	// Next waits for something to read, and returns what is there: at most limit events, as a Decoder makes them of the
	// records. It returns none when patience is over (0 has no end). Errors: io.EOF when the feed has ended, or the
	// context's cause.
	Next(ctx context.Context, limit int, patience time.Duration) ([]*domain.Event, error)
	// Record reads again what an event was made of, to the byte. Events do not carry it with them, since hardly one is
	// ever asked for. Errors: ErrGone; ErrStreamChanged; ErrUnavailable, wrapped; the context's cause.
	Record(ctx context.Context, e *domain.Event) (*domain.Record, error)
	// Verify makes sure that what was read so far is of the feed's own stream. Offsets identify foreign events only
	// within it. Errors: ErrStreamChanged; ErrUnavailable, wrapped, when that cannot be known now; the context's cause.
	Verify(ctx context.Context) error
	// Commit says that everything below offset is done with: the feed may go on from there after a restart.
	Commit(offset int64)
}

// Applied is what became of a batch.
type Applied struct {
	Counted, Foreign, Parked int // events; Foreign are among the Counted
	Repeats                  int // events that had been applied before
	Took                     time.Duration
}

// Meter counts what is done. Its methods are called from several goroutines and must not block.
type Meter interface {
	Applied(a Applied)
	// Waiting tells how many events of a stream wait for an earlier one, their bytes, and how many were dropped just now
	// because that were too many.
	Waiting(stream domain.Stream, events, bytes, dropped int)
	// Failed tells of a try that has to be made again.
	Failed(err error)
}
