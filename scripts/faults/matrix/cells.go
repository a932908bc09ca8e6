package matrix

import (
	"context"
	"slices"
	"time"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/shared/backoff"
)

// Cells are all cells of the matrix. The first one is the shortest way to see that all is well.
func Cells() []Cell {
	return slices.Concat(kills(), keys(), pauses(), replicas(), answers(), networks(), clients(), databases(), eachSide(away),
		eachSide(disks), topics(), losses(), progress(), restores(), clocks(), pairs())
}

// The services, as facts name them.
var (
	orderService = stack.OrdersSide.Service()
	trackUsers   = stack.TrackSide.Service()
)

// shows is what must have been seen.
func shows(wants ...evidence.Want) []evidence.Want { return wants }

// step is what is done when a part of the orders is settled.
type step struct {
	part float64
	do   func() error
}

func inSteps(ctx context.Context, load *workload.Load, steps ...step) error {
	for _, s := range steps {
		if err := load.Await(ctx, s.part); err != nil {
			return err
		}
		if err := s.do(); err != nil {
			return err
		}
	}
	return nil
}

// until asks again and again.
func until(ctx context.Context, ask func() (bool, error)) error {
	for {
		done, err := ask()
		if done || err != nil {
			return err
		}
		if err := backoff.Sleep(ctx, askPeriod); err != nil {
			return err
		}
	}
}

const askPeriod = 20 * time.Millisecond

// do is what a cell does.
type do = func(context.Context, *stack.Stack, *workload.Load) error
