package simulation

import (
	"strings"

	"github.com/stretchr/testify/require"

	sender "ordertrack/order_service/simulation"
	"ordertrack/shared/event"
	receiver "ordertrack/track_users/simulation"
)

// check holds what always holds against the databases. Its assertions are plain comparisons, as it runs very often.
func (w *world) check() {
	w.checkApplied()
	w.checkStrange()
	w.checkCommitted()
	w.checkCursor()
	if w.resent > 0 && !w.lossy {
		require.Fail(w.T, "sent again, but nothing is lost")
	}
}

// checkApplied: in each lane exactly 1 to the mark is applied, each for the one whose order was placed there; and the
// counters say just that.
func (w *world) checkApplied() {
	counted := map[string]int64{}
	for lane, events := range w.users.applied {
		for i, e := range events {
			if e.sequence != int64(i+1) || e.name != w.truth[placeOf(lane, e.sequence)] {
				require.Failf(w.T, "applied out of order, or without an order", "%v: %v, number %d", lane, e, i+1)
			}
			if e.name != "" {
				counted[e.name]++
			}
		}
		if mark := w.users.marks[lane]; mark != int64(len(events)) {
			require.Failf(w.T, "the mark is not what is applied", "%v: %d, not %d", lane, mark, len(events))
		}
	}
	for _, d := range w.users.strange {
		if d.counted > 0 {
			counted[d.name] += int64(d.counted)
		}
	}
	if len(counted) != len(w.users.counters) {
		require.Equal(w.T, counted, w.users.counters)
	}
	for who, events := range counted {
		if w.users.counters[who] != events {
			require.Equal(w.T, counted, w.users.counters)
		}
	}
}

// checkCursor: all orders up to the cursor were acknowledged.
func (w *world) checkCursor() {
	if w.orders.cursor > int64(len(w.orders.rows)) {
		require.Fail(w.T, "the cursor is past the orders")
	}
	for _, row := range w.orders.rows[:w.orders.cursor] {
		if !w.acknowledged[row.Place] {
			require.Failf(w.T, "the cursor is past an unacknowledged event", "%d: %v", w.orders.cursor, row.Place)
		}
	}
}

func placeOf(lane receiver.Lane, sequence int64) sender.Place {
	return sender.Place{LogID: strings.TrimPrefix(lane.Source, event.Source("")), Lane: lane.Number, Sequence: sequence}
}
