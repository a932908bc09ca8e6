package tallying_test

import (
	"context"
	"maps"

	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// books are a ledger in memory. They keep what they were told to do; the tests hold it against what should be.
type books struct {
	lanes    map[domain.Lane]int64
	foreign  map[domain.Stream]int64
	counters map[string]int64
	parked   []*domain.Event
	taken    []*domain.Event

	tries  int
	refuse func(domain.Effects) error // nothing is done when it gives an error
	lose   func() error               // all is done, and the answer is lost when it gives an error
}

var _ tallying.Ledger = (*books)(nil)

func newBooks() *books {
	return &books{
		lanes: map[domain.Lane]int64{}, foreign: map[domain.Stream]int64{}, counters: map[string]int64{},
		refuse: func(domain.Effects) error { return nil }, lose: func() error { return nil },
	}
}

// Apply implements the port. It asks twice, as a transaction does that has to begin anew.
func (b *books) Apply(ctx context.Context, scope domain.Scope, decide func(domain.Marks) domain.Effects) (domain.Marks, error) {
	if err := ctx.Err(); err != nil {
		return domain.Marks{}, err
	}
	b.tries++
	marks := b.marks(scope)
	decide(marks)
	effects := decide(b.marks(scope))
	if err := b.refuse(effects); err != nil {
		return domain.Marks{}, err
	}
	b.do(scope, effects)
	return effects.Apply(marks), b.lose()
}

func (b *books) marks(scope domain.Scope) domain.Marks {
	marks := domain.Marks{Lanes: map[domain.Lane]int64{}, Foreign: domain.NoOffset}
	for _, lane := range scope.Lanes {
		marks.Lanes[lane] = b.lanes[lane]
	}
	if mark, ok := b.foreign[scope.Stream]; ok && scope.Foreign {
		marks.Foreign = mark
	}
	return marks
}

func (b *books) do(scope domain.Scope, effects domain.Effects) {
	maps.Copy(b.lanes, effects.Lanes)
	if effects.Foreign != domain.NoOffset {
		b.foreign[scope.Stream] = effects.Foreign
	}
	for who, count := range effects.Counts {
		b.counters[who.String()] += count.Events
	}
	for _, e := range effects.Parked {
		copied := *e // the fault as it was when it was parked
		b.parked = append(b.parked, &copied)
	}
	b.taken = append(b.taken, effects.Taken...)
}

// parkedOffsets tells where the parked events lay, with the reasons.
func (b *books) parkedOffsets() map[int64]string {
	offsets := make(map[int64]string, len(b.parked))
	for _, e := range b.parked {
		offsets[e.Offset] += e.Fault.Reason
	}
	return offsets
}
