package matrix

import (
	"context"
	"math/rand/v2"
	"strings"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
)

// How many answers are lost, one after the other, at moments that the seed draws. Offsets are committed twice a second at
// most: the load must not end before the last of them.
const (
	lostAnswers = 5
	lostCommits = 2
)

// refusedAnswers is how many answers to Produce are changed, one after the other.
const refusedAnswers = 20

// answers lose, or change, single answers of PostgreSQL and of the broker, by choice and not by luck.
func answers() []Cell {
	proxied := stack.Needs{Proxied: true}
	return []Cell{
		{
			Name: "lose-answers-to-appends", Does: "five appends of order_service are committed, and the answer never arrives",
			Shows: shows(evidence.Times(lostAnswers, evidence.Lost(stack.OrdersSide.Postgres()))),
			Do: lose(toPostgres(stack.OrdersSide), func(statement string) bool {
				return strings.Contains(statement, "INSERT INTO orders")
			}, lostAnswers), Needs: proxied, Answered: true,
		},
		{
			Name: "lose-answers-to-applies", Does: "five transactions of track_users are committed, and the answer never arrives",
			Shows: shows(evidence.Times(lostAnswers, evidence.Lost(stack.TrackSide.Postgres()))),
			Do: lose(toPostgres(stack.TrackSide), func(statement string) bool {
				return strings.EqualFold(strings.TrimSpace(statement), "commit")
			}, lostAnswers), Needs: proxied, Answered: true,
		},
		{
			Name: "lose-answers-to-produce", Does: "five batches of events reach the broker, and the acknowledgement never arrives",
			Shows: shows(evidence.Times(lostAnswers, evidence.Lost(stack.OrdersSide.Broker()))),
			Do:    lose(toBroker(stack.OrdersSide), isRequest("Produce"), lostAnswers),
			Needs: proxied, Answered: true,
		},
		{
			Name: "lose-answers-to-offset-commits", Does: "two commits of the group's offsets are done, and the answer never arrives",
			Shows: shows(evidence.Times(lostCommits, evidence.Lost(stack.TrackSide.Broker()))),
			Do:    lose(toBroker(stack.TrackSide), isRequest("OffsetCommit"), lostCommits),
			Needs: proxied, Answered: true,
		},
		{
			Name:  "produce-refused-in-part",
			Shows: shows(evidence.Times(refusedAnswers, evidence.Refused)),
			Does:  "twenty batches of events reach the broker, and one partition of each is said to be refused, the others not",
			Do:    refuse, Needs: proxied, Answered: true,
		},
	}
}

// refuse needs batches for two partitions or more: the load must go on until there were enough.
func refuse(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	enough := load.Sustain()
	defer enough()
	return often(ctx, load, refusedAnswers, func(random *rand.Rand) error {
		system.Links.Refusals.Refuse(1, random.IntN)
		if err := system.Links.Refusals.Await(ctx, 1); err != nil {
			return err
		}
		system.Seen.Saw(evidence.Refused, 1)
		return nil
	})
}

// way is one that answers come by.
type way struct {
	name string
	link func(*stack.Stack) *stack.Link
}

func toPostgres(side stack.Side) way {
	return way{side.Postgres(), func(s *stack.Stack) *stack.Link { return s.Links.Postgres[side] }}
}

func toBroker(side stack.Side) way {
	return way{side.Broker(), func(s *stack.Stack) *stack.Link { return s.Links.Broker[side] }}
}

func isRequest(name string) func(string) bool {
	return func(request string) bool { return request == name }
}

func lose(on way, match func(string) bool, n int) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		random := chance(load)
		for i := range n {
			if err := load.Await(ctx, (float64(i)+random.Float64())/float64(n+1)); err != nil {
				return err
			}
			answers := on.link(system).Answers
			answers.Lose(1, match)
			if err := answers.Await(ctx, 1); err != nil {
				return err
			}
			system.Seen.Saw(evidence.Lost(on.name), 1)
		}
		return nil
	}
}
