package simulation

import (
	"github.com/stretchr/testify/require"
)

// patience is more rounds than any history needs to come to rest: one that does not within so many never does.
const patience = 500

// heal ends all trouble and lets everything run until it is at rest: every order is counted, exactly once, and nothing is
// sent again any more.
func (w *world) heal() {
	w.calm = true
	w.finishPlacing()
	for len(w.late) > 0 {
		w.arrive(0)
	}
	for _, c := range w.zombies {
		c.crash()
	}
	w.zombies = nil
	for round := 0; !w.atRest(); round++ {
		if round == patience {
			require.Failf(w.T, "it does not heal", "lag %d", w.lag())
		}
		w.round()
	}
	w.rounds(5) // answers on their way are of before
	ends := w.topic.ends()
	w.rounds(20)
	require.Equal(w.T, ends, w.topic.ends(), "sent again, but nothing lacks")
	w.checkStrangeAtRest()
}

func (w *world) rounds(count int) {
	for range count {
		w.round()
	}
}

// round lets everybody go on, and those that ended begin again.
func (w *world) round() {
	for i, s := range w.services {
		if s.relay.done {
			s.crash()
			w.services[i] = w.serve()
		}
	}
	w.aRound(w.T)
	w.check()
}

// atRest: nothing is left to publish, to apply, or to commit. What waits for an order that the database has forgotten
// waits for good, and its offset is not committed.
func (w *world) atRest() bool {
	if w.lag() > 0 {
		return false
	}
	for number, p := range w.topic.partitions {
		switch c := w.claims[number]; {
		case c == nil || c.topic != w.topic || c.at < p.newest():
			return false
		case !w.forgot && len(p.records) > 0 && w.group[number] != committed{offset: p.newest(), topic: w.topic.id}:
			return false
		}
	}
	return true
}

// lag is how many orders are not counted.
func (w *world) lag() int {
	applied, lag := w.users.progress().Applied, 0
	for _, row := range w.orders.rows {
		if applied[row.Place.LogID][row.Place.Lane] < row.Place.Sequence {
			lag++
		}
	}
	return lag
}
