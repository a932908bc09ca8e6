package window

import (
	"slices"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/domain"
)

// Scope is what the ledger should decide on next: foreign events, and the lanes in which something may be new.
// With all, it includes the lanes that wait for an event which another consumer may have applied meanwhile, and those
// of which all that waited was dropped.
func (w *Window) Scope(all bool) domain.Scope {
	scope := domain.Scope{Stream: w.stream, Foreign: len(w.foreign) > 0}
	for key, l := range w.lanes {
		if l.due() || all && l.floor() != none {
			scope.Lanes = append(scope.Lanes, key)
		}
	}
	slices.SortFunc(scope.Lanes, domain.Lane.Compare)
	return scope
}

// Plan says what is to be done given the marks of a scope: of each lane what is next in order, and the foreign events
// above their mark; at most limit events. It changes nothing, so it may be asked as often as a transaction is tried.
func (w *Window) Plan(marks domain.Marks, limit int) domain.Effects {
	effects := domain.Effects{
		Counts: make(map[name.Name]domain.Count), Lanes: make(map[domain.Lane]int64), Foreign: domain.NoOffset,
	}
	for _, e := range w.foreign {
		if e.Offset > marks.Foreign && len(effects.Taken) < limit {
			take(&effects, e)
			effects.Foreign = e.Offset
		}
	}
	for _, key := range sorted(marks.Lanes) {
		l, ok := w.lanes[key]
		if !ok {
			continue
		}
		for _, e := range l.run(marks.Lanes[key], limit-len(effects.Taken)) {
			take(&effects, e)
			effects.Lanes[key] = e.Place.Sequence
		}
	}
	return effects
}

func take(effects *domain.Effects, e *domain.Event) {
	effects.Taken = append(effects.Taken, e)
	if e.Fault != nil {
		effects.Parked = append(effects.Parked, e)
		return
	}
	count := effects.Counts[e.Name]
	count.Events++
	if e.IsForeign() {
		count.Foreign++
	}
	effects.Counts[e.Name] = count
}

// Settle takes the marks as they are after a transaction and forgets all that they cover, whoever applied it.
// It gives how many events that were.
func (w *Window) Settle(marks domain.Marks) (forgotten int) {
	for key, applied := range marks.Lanes {
		for _, e := range w.lane(key).settle(applied) {
			w.events--
			w.bytes -= e.Size()
			forgotten++
		}
	}
	done := 0
	for done < len(w.foreign) && w.foreign[done].Offset <= marks.Foreign {
		done++
	}
	w.foreign = slices.Delete(w.foreign, 0, done)
	return forgotten + done
}

// sorted makes a plan the same each time, so that a batch can be narrowed down step by step.
func sorted(marks map[domain.Lane]int64) []domain.Lane {
	lanes := make([]domain.Lane, 0, len(marks))
	for key := range marks {
		lanes = append(lanes, key)
	}
	slices.SortFunc(lanes, domain.Lane.Compare)
	return lanes
}
