// Package matrix is the fault matrix: its cells, each a fault in a working system, and the frame that runs a cell and
// judges what came of it.
package matrix

import (
	"context"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
)

// Cell is one fault.
type Cell struct {
	Name string // lower case and dashes
	Does string // completes "what was done: ..."

	// Do does it, while the clients of the load are ordering, and undoes it: what was killed is started again. It does
	// not wait until the system has healed; the frame does, and measures it.
	Do func(ctx context.Context, system *stack.Stack, load *workload.Load) error

	// Shows is what must have been seen of the fault: a run without its fault fails.
	Shows []evidence.Want

	// Picks is what Do does with a seed, as far as that differs: what is said, and what is asked. It may be nil.
	Picks func(seed uint64) Cell

	Needs stack.Needs

	// Keyed has the clients send each order under an Idempotency-Key, again and again until it is answered.
	Keyed bool

	// Answered means that no client may be left without a clear answer, since the service can give one all the time.
	Answered bool

	// Noticed means that the fault is one only if clients were refused, or got no clear answer.
	Noticed bool

	// Forgetting means that the fault undoes acknowledged orders, and is one only if it did. All that are undone were said to be
	// by Load.Forgive.
	Forgetting bool

	// Repeating means that the fault is one only if events were delivered a second time.
	Repeating bool

	// Losing means that events get lost behind order_service's back. In all other cells it may have nothing to send again:
	// what is healed that way there was not published, or not noted, as it should have been.
	Losing bool

	// Orderly means that the fault leaves the services the time to finish what they began: no order may exist whose client
	// got no clear answer, and nothing may be delivered twice.
	Orderly bool
}

// With is the cell as it is with a seed.
func (c Cell) With(seed uint64) Cell {
	if c.Picks == nil {
		return c
	}
	picked := c.Picks(seed)
	picked.Name = c.Name
	return picked
}

// Find returns the cells of these names, in the matrix's order; all of them for none.
func Find(names ...string) (cells []Cell, unknown []string) {
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	for _, cell := range Cells() {
		if len(names) == 0 || wanted[cell.Name] {
			cells = append(cells, cell)
		}
		delete(wanted, cell.Name)
	}
	for _, name := range names {
		if wanted[name] {
			unknown = append(unknown, name)
		}
	}
	return cells, unknown
}
