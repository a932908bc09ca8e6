package simulation

import (
	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	sender "ordertrack/order_service/simulation"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
	receiver "ordertrack/track_users/simulation"
)

// trouble is something that may go wrong. Each history has its own choice of them.
type trouble string

const (
	database   trouble = "databases fail"
	network    trouble = "sending fails"
	answers    trouble = "track_users does not answer"
	commits    trouble = "offsets are not committed"
	twoLeaders trouble = "two relays lead"
	crashes    trouble = "processes crash"
	moves      trouble = "partitions move"
	zombies    trouble = "a consumer does not notice"
	repeats    trouble = "old records are repeated"
	growth     trouble = "partitions are added"
	truncation trouble = "records are deleted"
	tailLoss   trouble = "the newest records are lost"
	recreation trouble = "the topic is created again"
	resets     trouble = "the group's offsets are set"
	putBack    trouble = "track_users is put back"
	oldOrders  trouble = "the orders are put back"
	strangers  trouble = "others write to the topic"
	writers    trouble = "several place orders"
	poison     trouble = "some events cannot be decoded"
)

var troubles = []trouble{
	database, network, answers, commits, twoLeaders, crashes, moves, zombies, repeats, growth, truncation, tailLoss, recreation,
	resets, putBack, oldOrders, strangers, poison, writers,
}

// losses are those that only sending again can mend.
var losses = []trouble{truncation, tailLoss, recreation, resets, putBack, oldOrders}

// world is everything there is, and what is true of it.
type world struct {
	*rapid.T

	enabled map[trouble]bool
	unasked bool // track_users is never asked how far it is: nothing is sent again, and nothing need be
	calm    bool // nothing goes wrong any more

	orders, oldOrders *orders
	logs              int
	services          [2]*service
	leader            *turn
	writers           [2]*writer
	identities        int
	asked             []asked
	lateBatches       []lateBatch
	sending           sender.Limits

	topic  *topic
	topics uint64
	group  map[int]committed
	late   []sender.Placed

	users, oldUsers *users
	claims          map[int]*claim // the owner of each partition
	zombies         []*claim
	receiving       receiver.Limits
	process         *receiver.Neighbours

	strange      []strange
	passedOver   bool                    // records of others may never be read
	truth        map[sender.Place]string // whose order was ever placed there
	acknowledged map[sender.Place]bool
	sent         []sender.Placed
	resent       int  // events, by the retransmitter
	lossy        bool // something may have to be sent again
	forgot       bool // the orders database has forgotten orders that may have been sent
}

// names are two in each of three lanes.
var names = func() []name.Name {
	var found []name.Name
	lanes := map[int]int{}
	for who := 'A'; len(found) < 6; who++ {
		n := name.Restore(string(who))
		if lane := event.LaneOf(n) % 8; lane < 3 && lanes[lane] < 2 {
			lanes[lane]++
			found = append(found, n)
		}
	}
	return found
}()

func newWorld(t *rapid.T) *world {
	w := &world{
		T: t, enabled: map[trouble]bool{}, orders: newOrders(logID(0)), users: newUsers(), group: map[int]committed{},
		claims: map[int]*claim{}, process: receiver.NewNeighbours(), truth: map[sender.Place]string{}, acknowledged: map[sender.Place]bool{},
		sending: sender.Limits{
			Batch: rapid.IntRange(1, 4).Draw(t, "batch"), Round: rapid.IntRange(1, 6).Draw(t, "round"),
		},
		receiving: receiver.Limits{
			Batch: rapid.IntRange(1, 4).Draw(t, "transaction"), Window: rapid.SampledFrom([]int{100, 100, 3, 1, 0}).Draw(t, "window"),
		},
	}
	for _, what := range troubles {
		w.enabled[what] = rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, string(what))
	}
	if w.unasked = rapid.SampledFrom([]bool{false, false, true}).Draw(t, "nobody asks track_users"); w.unasked {
		w.leaveAlone()
	}
	if w.enabled[strangers] && rapid.Bool().Draw(t, "batches of others end early") {
		w.endEarly()
	}
	w.recreate(rapid.IntRange(1, 3).Draw(t, "partitions"))
	w.oldOrders, w.oldUsers = w.orders.clone(), w.users.clone()
	for i := range w.services {
		w.services[i] = w.serve()
	}
	for i := range w.writers {
		if w.enabled[writers] {
			w.writers[i] = w.write()
		}
	}
	return w
}

// leaveAlone makes the receiver mend everything by itself: nothing is lost, but small windows drop what comes too early,
// as it does when partitions are added and lanes move.
func (w *world) leaveAlone() {
	for _, what := range losses {
		w.enabled[what] = false
	}
	w.enabled[growth] = true
	w.receiving.Window = min(w.receiving.Window, 1)
}

// endEarly makes batches end with events of others in hand that were not applied, of which nobody but Kafka knows: nothing
// that excuses their loss happens.
func (w *world) endEarly() {
	w.enabled[database], w.enabled[moves] = true, true
	for _, what := range []trouble{tailLoss, resets, putBack} {
		w.enabled[what] = false
	}
}

// fails draws whether something goes wrong now.
func (w *world) fails(what trouble) bool {
	return !w.calm && w.enabled[what] && rapid.SampledFrom([]bool{false, false, false, true}).Draw(w.T, string(what))
}

// place commits an order.
func (w *world) place(who name.Name) { w.placeTagged(who, "") }

func (w *world) placeTagged(who name.Name, trace string) {
	placed := w.orders.append(who, trace)
	if _, taken := w.truth[placed.Place]; taken {
		require.Failf(w.T, "a place is given twice", "%v", placed.Place)
	}
	w.truth[placed.Place] = who.String()
	if who == poisonous {
		w.truth[placed.Place] = ""
	}
}

// renew begins a new log.
func (w *world) renew() {
	w.logs++
	w.orders.log = logID(w.logs)
}

// recreate creates the topic.
func (w *world) recreate(partitions int) {
	w.topics++
	w.topic = newTopic(w.topics, partitions)
}

// end ends all processes, so that none outlives its history.
func (w *world) end() {
	for _, s := range w.services {
		s.crash()
	}
	for _, one := range w.writers {
		if one != nil {
			one.end()
		}
	}
	for _, c := range w.claims {
		c.crash()
	}
	for _, c := range w.zombies {
		c.crash()
	}
}
