package simulation

import (
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// kafkaHasTrouble is what brokers do, and what is done to them.
func (w *world) kafkaHasTrouble(t *rapid.T) {
	w.some(t, map[trouble]func(*rapid.T){
		repeats: func(t *rapid.T) {
			if len(w.sent) > 0 {
				w.topic.write(w.sent[rapid.IntRange(0, len(w.sent)-1).Draw(t, "repeat")])
			}
		},
		growth: func(*rapid.T) { w.topic.grow(min(len(w.topic.partitions)+1, 4)) },
		truncation: func(t *rapid.T) {
			p := w.topic.partitions[w.someNumber(t)]
			p.behead(rapid.IntRange(0, len(p.records)).Draw(t, "records"))
			w.lossy = true
		},
		tailLoss: func(t *rapid.T) {
			p := w.topic.partitions[w.someNumber(t)]
			p.curtail(rapid.IntRange(0, len(p.records)).Draw(t, "records"))
			w.lossy, w.passedOver = true, true
		},
		recreation: func(t *rapid.T) {
			w.recreate(rapid.IntRange(1, 3).Draw(t, "partitions"))
			w.lossy = true
		},
		resets: func(t *rapid.T) {
			number := w.someNumber(t)
			w.crashClaim(number) // tools set offsets of a group that is not active
			offset := rapid.Int64Range(0, w.topic.partitions[number].newest()).Draw(t, "offset")
			w.group[number] = committed{offset: offset, topic: w.topic.id}
			w.lossy, w.passedOver = true, true
		},
	})
}

// aProcessHasTrouble ends processes, in good order or not, and moves partitions.
func (w *world) aProcessHasTrouble(t *rapid.T) {
	w.some(t, map[trouble]func(*rapid.T){
		database: func(*rapid.T) { w.leader.lose() },
		crashes: func(t *rapid.T) {
			if rapid.Bool().Draw(t, "receiver") {
				w.crashClaim(w.someNumber(t))
				return
			}
			which := rapid.IntRange(0, len(w.services)-1).Draw(t, "service")
			w.services[which].crash()
			w.services[which] = w.serve()
		},
		moves: func(t *rapid.T) {
			if rapid.Bool().Draw(t, "receiver") {
				w.somePartition(t).stop()
				return
			}
			w.someService(t).relay.stop()
		},
		zombies: func(t *rapid.T) {
			c := w.somePartition(t)
			c.replaced = true
			w.zombies = append(w.zombies, c)
			delete(w.claims, int(c.stream.Partition))
		},
	})
}

func (w *world) crashClaim(number int) {
	if c := w.claims[number]; c != nil {
		c.crash()
		delete(w.claims, number)
	}
}

// aDatabaseHasTrouble makes backups, and puts them back.
func (w *world) aDatabaseHasTrouble(t *rapid.T) {
	w.some(t, map[trouble]func(*rapid.T){
		putBack: func(t *rapid.T) {
			if rapid.Bool().Draw(t, "back up") {
				w.oldUsers = w.users.clone()
				return
			}
			w.users = w.oldUsers.clone()
			w.lossy, w.passedOver = true, true
		},
		oldOrders: func(t *rapid.T) {
			if rapid.Bool().Draw(t, "back up") {
				w.oldOrders = w.orders.clone()
				return
			}
			w.restoreOrders(t)
		},
	})
}

// restoreOrders puts an earlier state of the orders back, and with it the earlier log. The new log begins as
// docs/adr/0013 has it: the database is at another place than the log began; or the receiver's marks, which the first
// process to start asks for, are ahead; or else somebody gives the command, as the operations guide tells.
func (w *world) restoreOrders(t *rapid.T) {
	for _, s := range w.services {
		s.turn.lose()
	}
	w.orders, w.forgot = w.oldOrders.clone(), true
	if rapid.Bool().Draw(t, "elsewhere") || !w.orders.behind(w.users.progress().Applied) {
		w.renew()
		return
	}
	for i, s := range w.services {
		s.crash()
		w.services[i] = w.serve()
	}
	before := w.orders.log
	w.calm = true
	w.services[0].relay.step(3)
	w.calm = false
	require.NotEqual(t, before, w.orders.log, "the handshake must begin a new log")
}
