package matrix

import (
	"context"
	"strings"

	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
)

// lostAnswers is how many answers are lost, one after the other, at moments that the seed draws.
const lostAnswers = 5

// answers lose single answers of PostgreSQL and of the broker, by choice and not by luck.
func answers() []Cell {
	proxied := stack.Needs{Proxied: true}
	return []Cell{
		{
			Name: "lose-answers-to-appends", Does: "five appends of order_service are committed, and the answer never arrives",
			Do: lose(func(s *stack.Stack) *stack.Link { return s.Links.OrdersPostgres }, func(statement string) bool {
				return strings.Contains(statement, "INSERT INTO orders")
			}), Needs: proxied, Answered: true,
		},
		{
			Name: "lose-answers-to-applies", Does: "five transactions of track_users are committed, and the answer never arrives",
			Do: lose(func(s *stack.Stack) *stack.Link { return s.Links.TrackPostgres }, func(statement string) bool {
				return strings.EqualFold(strings.TrimSpace(statement), "commit")
			}), Needs: proxied, Answered: true,
		},
		{
			Name: "lose-answers-to-produce", Does: "five batches of events reach the broker, and the acknowledgement never arrives",
			Do: lose(func(s *stack.Stack) *stack.Link { return s.Links.OrdersBroker }, isRequest("Produce")), Needs: proxied, Answered: true,
		},
		{
			Name: "lose-answers-to-offset-commits", Does: "five commits of the group's offsets are done, and the answer never arrives",
			Do: lose(func(s *stack.Stack) *stack.Link { return s.Links.TrackBroker }, isRequest("OffsetCommit")), Needs: proxied, Answered: true,
		},
	}
}

func isRequest(name string) func(string) bool {
	return func(request string) bool { return request == name }
}

func lose(link func(*stack.Stack) *stack.Link, match func(string) bool) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		random := chance(load)
		for i := range lostAnswers {
			if err := load.Await(ctx, (float64(i)+random.Float64())/(lostAnswers+1)); err != nil {
				return err
			}
			answers := link(system).Answers
			answers.Lose(1, match)
			if err := answers.Await(ctx, 1); err != nil {
				return err
			}
		}
		return nil
	}
}
