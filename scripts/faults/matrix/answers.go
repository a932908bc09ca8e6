package matrix

import (
	"context"
	"strings"

	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
)

// lostAnswers is how many answers are lost, one after the other, at moments that the seed draws.
const lostAnswers = 5

// answers lose single answers of PostgreSQL, by choice and not by luck.
func answers() []Cell {
	proxied := stack.Needs{Proxied: true}
	return []Cell{
		{
			Name: "lose-answers-to-appends", Does: "five appends of order_service are committed, and the answer never arrives",
			Do: lose(func(s *stack.Stack) *stack.Link { return s.Links.Orders }, func(statement string) bool {
				return strings.Contains(statement, "INSERT INTO orders")
			}), Needs: proxied, Answered: true,
		},
		{
			Name: "lose-answers-to-applies", Does: "five transactions of track_users are committed, and the answer never arrives",
			Do: lose(func(s *stack.Stack) *stack.Link { return s.Links.Track }, func(statement string) bool {
				return strings.EqualFold(strings.TrimSpace(statement), "commit")
			}), Needs: proxied, Answered: true,
		},
	}
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
