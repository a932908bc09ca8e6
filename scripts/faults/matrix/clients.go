package matrix

import (
	"context"
	"slices"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/proxy"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
)

// The way from the clients to order_service.
var fromClients = stack.OrdersSide.API()

// unansweredClients is how many answers to clients are lost, one after the other.
const unansweredClients = 20

// clients make the network between them and order_service bad. Those with keys end up with an answer to each order.
func clients() []Cell {
	link := func(s *stack.Stack) []*stack.Link { return []*stack.Link{s.Links.API[stack.OrdersSide]} }
	lost := evidence.Times(unansweredClients, evidence.Lost(fromClients))
	return slices.Concat([]Cell{{
		Name: "lose-answers-to-clients", Does: "twenty orders are placed, and the answer never arrives",
		Shows: shows(lost),
		Do:    lose(way{fromClients, toClients}, isRequest("POST /api/v1/orders"), unansweredClients), Noticed: true,
		Needs: stack.Needs{Proxied: true},
	}}, withKeys(
		Cell{
			Name:  "lose-answers-to-clients-keyed",
			Does:  "twenty orders with keys are placed, and the answer never arrives: the clients ask again",
			Shows: shows(lost, evidence.Times(unansweredClients, evidence.SameAgain)),
			Do:    askAgain(lose(way{fromClients, toClients}, isRequest("POST /api/v1/orders"), unansweredClients)),
		},
		Cell{
			Name:  "clients-reset-and-cut-in-a-frame",
			Does:  "connections between clients with keys and order_service delayed and reset ten times, then cut in the middle of a message",
			Shows: shows(evidence.Times(resets, evidence.Reset(fromClients)), evidence.Times(cuts, evidence.Halved(fromClients))),
			Do:    oneAfterTheOther(latencyAndReset(link), cutInAFrame(link)),
		},
		Cell{
			Name:  "clients-blackhole",
			Does:  "nothing passes between clients with keys and order_service for 6 s, then all that was sent arrives",
			Shows: shows(evidence.Once(evidence.Held(fromClients))),
			Do:    held(link, proxy.ToServer, proxy.ToClient),
		}))
}

// oneAfterTheOther has the clients go on from the first fault to the end of the second.
func oneAfterTheOther(first, second do) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		enough := load.Sustain()
		defer enough()
		if err := first(ctx, system, load); err != nil {
			return err
		}
		return second(ctx, system, load)
	}
}

func toClients(s *stack.Stack) *stack.Link { return s.Links.API[stack.OrdersSide] }

func withKeys(cells ...Cell) []Cell {
	for i := range cells {
		cells[i].Needs, cells[i].Keyed, cells[i].Answered = stack.Needs{Proxied: true}, true, true
	}
	return cells
}

// askAgain waits until enough answers were given a second time.
func askAgain(fault do) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		enough := load.Sustain()
		defer enough()
		if err := fault(ctx, system, load); err != nil {
			return err
		}
		err := patiently(ctx, func() bool { return load.Repeated() >= unansweredClients })
		system.Seen.Saw(evidence.SameAgain, int64(load.Repeated()))
		return err
	}
}
