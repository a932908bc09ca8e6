package simulation

import (
	"slices"

	"pgregory.net/rapid"
)

// actions are what may happen next. Those that are trouble happen in histories that have it.
func (w *world) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"":               func(*rapid.T) { w.check() },
		"place":          w.somebodyOrders,
		"relay":          func(t *rapid.T) { w.someService(t).relay.step(steps(t)) },
		"ask":            func(t *rapid.T) { w.someService(t).ask(steps(t)) },
		"count":          func(t *rapid.T) { w.somePartition(t).step(steps(t)) },
		"count more":     func(t *rapid.T) { w.somePartition(t).step(steps(t)) },
		"note":           func(t *rapid.T) { w.note(w.somePartition(t)) },
		"zombie":         w.aZombieGoesOn,
		"Kafka":          w.kafkaHasTrouble,
		"process":        w.aProcessHasTrouble,
		"database":       w.aDatabaseHasTrouble,
		"arrive":         w.somethingArrives,
		"write":          w.someWriterGoesOn,
		"foreign":        w.somebodyElseWrites,
		"relay and note": w.aRound,
	}
}

func steps(t *rapid.T) int { return rapid.IntRange(1, 12).Draw(t, "steps") }

func (w *world) somebodyOrders(t *rapid.T) {
	for range rapid.IntRange(1, 3).Draw(t, "orders") {
		if w.fails(poison) {
			w.place(poisonous)
			continue
		}
		w.place(rapid.SampledFrom(names).Draw(t, "name"))
	}
}

func (w *world) someService(t *rapid.T) *service {
	which := rapid.IntRange(0, len(w.services)-1).Draw(t, "service")
	if w.services[which].relay.done {
		w.services[which].crash()
		w.services[which] = w.serve()
	}
	return w.services[which]
}

// somePartition gives its owner, which begins if there is none.
func (w *world) somePartition(t *rapid.T) *claim {
	return w.owner(w.someNumber(t))
}

func (w *world) someNumber(t *rapid.T) int {
	return rapid.IntRange(0, len(w.topic.partitions)-1).Draw(t, "partition")
}

func (w *world) owner(number int) *claim {
	if c := w.claims[number]; c == nil || c.done {
		w.claims[number] = w.claim(number)
	}
	return w.claims[number]
}

// note is what track_users does each second for a partition that is read.
func (w *world) note(c *claim) { w.users.positions[c.stream] = c.position }

// aRound lets everybody go on a little.
func (w *world) aRound(*rapid.T) {
	for _, s := range w.services {
		if !s.relay.done {
			s.relay.step(8)
			s.ask(3)
		}
	}
	for number := range w.topic.partitions {
		c := w.owner(number)
		c.step(8)
		w.note(c)
	}
}

func (w *world) somethingArrives(t *rapid.T) {
	if len(w.late) == 0 {
		t.Skip()
	}
	w.arrive(rapid.IntRange(0, len(w.late)-1).Draw(t, "late"))
}

// aZombieGoesOn lets a consumer count that has lost its partition, and say how far it is.
func (w *world) aZombieGoesOn(t *rapid.T) {
	if len(w.zombies) == 0 {
		t.Skip()
	}
	c := w.zombies[rapid.IntRange(0, len(w.zombies)-1).Draw(t, "zombie")]
	c.step(steps(t))
	if !c.done && rapid.Bool().Draw(t, "notes") {
		w.note(c)
	}
	w.zombies = slices.DeleteFunc(w.zombies, func(c *claim) bool { return c.done })
}

// some draws one of the troubles that this history has.
func (w *world) some(t *rapid.T, of map[trouble]func(*rapid.T)) {
	var enabled []trouble
	for _, what := range troubles {
		if of[what] != nil && w.enabled[what] {
			enabled = append(enabled, what)
		}
	}
	if len(enabled) == 0 {
		t.Skip()
	}
	of[rapid.SampledFrom(enabled).Draw(t, "trouble")](t)
}
