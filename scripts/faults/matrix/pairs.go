package matrix

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
)

// pairs are two faults at once.
func pairs() []Cell {
	return []Cell{{
		Name: "two-faults", Does: "a fault of a PostgreSQL and one of the broker or the topic, both by the seed, at the same time",
		Do: func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
			return twoFaults(load.Seed()).Do(ctx, system, load)
		},
		Picks: twoFaults,
	}}
}

// twoFaults picks faults that hit different parts, neither of which needs a part that the other takes away.
func twoFaults(seed uint64) Cell {
	random := rand.New(rand.NewPCG(seed, 2))
	ofPostgres := slices.DeleteFunc(databases(), func(c Cell) bool { return c.Needs.Postgres != nil })
	ofBroker, _ := Find("kill-broker", "term-broker", "broker-away", "pause-broker", "replayed-records", "topic-deleted", "records-deleted")
	first, second := ofPostgres[random.IntN(len(ofPostgres))], ofBroker[random.IntN(len(ofBroker))]
	return Cell{
		Does:   fmt.Sprintf("%s and %s at the same time", first.Name, second.Name),
		Losing: second.Losing, Shows: slices.Concat(first.Shows, second.Shows),
		Do: func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
			all, ctx := errgroup.WithContext(ctx)
			all.Go(func() error { return first.Do(ctx, system, load) })
			all.Go(func() error { return second.Do(ctx, system, load) })
			return all.Wait()
		},
	}
}
