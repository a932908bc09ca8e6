package matrix

import (
	"context"
	"errors"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/shared/backoff"
)

// away takes the PostgreSQL of one side away for as long as one likes, while the clients go on.
func away(side stack.Side) []Cell {
	return ofSide(side, stack.Needs{}, Cell{
		Name: "postgres-away", Does: "%s stopped for HOLD, while the clients go on ordering at a bounded rate",
		Shows: shows(evidence.Once(evidence.Killed(side.Postgres())), evidence.Once(evidence.Unready)),
		Do:    postgresAway(side),
		// What was on its way to order_service's database has no clear answer when that stays away.
		Noticed: side == stack.OrdersSide, Answered: side == stack.TrackSide,
	})
}

func postgresAway(side stack.Side) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.3); err != nil {
			return err
		}
		enough := load.Sustain()
		defer enough()
		server := system.Postgres[side]
		if err := server.Kill(); err != nil {
			return err
		}
		if err := saysUnready(ctx, system, side); err != nil {
			return errors.Join(err, server.Restart(ctx))
		}
		return errors.Join(
			backoff.Sleep(ctx, load.Hold()),
			server.Restart(ctx))
	}
}
