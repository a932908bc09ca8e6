// Package workload is the clients of a fault test: they place orders and remember what they were told about each one.
package workload

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Plan is who orders how much. The same plan with the same seed makes the same orders for the same names, as long as
// no order is refused.
type Plan struct {
	URLs    []string // of the replicas' APIs; the clients are spread over them
	Clients int      // all ordering at once
	Names   int      // different users
	Orders  int      // until this many are acknowledged, or their outcome is unknown
	Seed    uint64
	Hold    time.Duration // how long a fault lasts that may last as long as one likes
	Keyed   bool          // each order has an Idempotency-Key, and is sent again until it is answered
}

// flavours make the names of users as different as names may be, and each is in the form that the service keeps.
var flavours = [...]string{"", " Søren", " 李雷", " a/b", " O'Hara", ` "q"`, " 100%25", " 😀", " Ünal", " +1"}

// Name is the name of the user with number i, from 0.
func Name(i int) string { return fmt.Sprintf("User %d%s", i, flavours[i%len(flavours)]) }

// share is how many of the orders are the client's.
func (p Plan) share(client int) int {
	n := p.Orders / p.Clients
	if client < p.Orders%p.Clients {
		n++
	}
	return n
}

// users draws the names of the client's orders: its first orders are its part of all names, so that none goes without,
// then it is chance.
func (p Plan) users(client int) func() int {
	random := rand.New(rand.NewPCG(p.Seed, uint64(client)))
	next := client
	return func() int {
		if next < p.Names {
			user := next
			next += p.Clients
			return user
		}
		return random.IntN(p.Names)
	}
}
