package matrix

import (
	"context"
	"errors"
	"math/rand/v2"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/stranger"
	"ordertrack/scripts/faults/workload"
	"ordertrack/scripts/verify/audit"
)

// topics have a stranger meddle with the topic or the group.
func topics() []Cell {
	return []Cell{
		{
			Name: "foreign-and-poison",
			Shows: shows(evidence.Times(3*strangeRounds, evidence.Counted), evidence.Times(20*strangeRounds, evidence.Poisoned),
				evidence.Times(4*bigRounds, evidence.Big)),
			Does: "a stranger sends bare events of users, and records that nobody can count, in between ours",
			Do:   foreignAndPoison, Answered: true,
		},
		{
			Name: "replayed-records", Does: "a stranger sends all events so far again, shuffled and to any partition, three times under load",
			Shows: shows(evidence.Once(evidence.Repeated)),
			Do:    replayedRecords, Answered: true, Repeating: true,
		},
		{
			Name: "group-reset", Does: "the group's offsets set back to the beginning while track_users is down",
			Shows: shows(evidence.Once(evidence.GroupMeddled)),
			Do:    groupless((*stranger.Stranger).ResetGroup), Answered: true, Repeating: true,
		},
		{
			Name: "group-deleted", Does: "the group deleted while track_users is down",
			Shows: shows(evidence.Once(evidence.GroupMeddled)),
			Do:    groupless((*stranger.Stranger).DeleteGroup), Answered: true, Repeating: true,
		},
		{
			Name:  "partitions-raised",
			Shows: shows(evidence.Times(9, evidence.MorePartitions), evidence.Once(evidence.Killed(orderService))),
			Does:  "from 3 partitions to 12 under load, then SIGKILL of order_service and another track_users: lanes move",
			Do:    partitionsRaised, Needs: stack.Needs{Partitions: 3},
		},
		{
			Name:  "partitions-raised-under-a-backlog",
			Does:  "from 3 partitions to 12 while track_users is down: a lane's earlier events are in one partition, and later ones in another",
			Shows: shows(evidence.Times(9, evidence.MorePartitions), evidence.Once(evidence.Killed(trackUsers)), evidence.Once(evidence.Pending)),
			Do:    raisedUnderABacklog, Needs: stack.Needs{Partitions: 3},
		},
	}
}

// raise gives the topic 12 partitions.
func raise(system *stack.Stack, who *stranger.Stranger) error {
	before, err := who.Partitions()
	if err != nil {
		return err
	}
	if err := who.RaisePartitions(12); err != nil {
		return err
	}
	after, err := who.Partitions()
	system.Seen.Saw(evidence.MorePartitions, int64(after-before))
	return err
}

// chance is what the seed draws.
func chance(load *workload.Load) *rand.Rand { return rand.New(rand.NewPCG(load.Seed(), 0)) }

func replayedRecords(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	random := chance(load)
	who, err := system.Stranger(ctx)
	if err != nil {
		return err
	}
	replay := func() error {
		records, err := who.Capture(ctx, 1<<20)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			return errors.New("there is nothing to send again")
		}
		random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		if err := who.Waste(records, random); err != nil {
			return err
		}
		system.Seen.Saw(evidence.Repeated, int64(len(records)))
		return nil
	}
	return inSteps(ctx, load, step{0.2, replay}, step{0.5, replay}, step{0.8, replay})
}

// groupless does something to the group while it has no member.
func groupless(meddle func(*stranger.Stranger) error) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.5); err != nil {
			return err
		}
		who, err := system.Stranger(ctx)
		if err != nil {
			return err
		}
		if err := system.Track[0].Stop(ctx); err != nil {
			return err
		}
		return errors.Join(meddled(system, evidence.GroupMeddled, meddle(who)), system.Track[0].Start())
	}
}

// meddled notes what was done without an error.
func meddled(system *stack.Stack, what evidence.Fact, err error) error {
	if err == nil {
		system.Seen.Saw(what, 1)
	}
	return err
}

// partitionsRaised moves lanes to other partitions, and those to other consumers: what is new in a lane may be read
// before what is old. Neither service looks at the partitions often; the restarts make them look now.
func partitionsRaised(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	who, err := system.Stranger(ctx)
	if err != nil {
		return err
	}
	return inSteps(ctx, load,
		step{0.3, func() error { return raise(system, who) }},
		step{0.4, func() error { return errors.Join(system.Orders[0].Kill(), system.Orders[0].Start()) }},
		step{0.5, system.Track[1].Start})
}

// raisedUnderABacklog restarts order_service, so that it looks at the partitions now.
func raisedUnderABacklog(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	who, err := system.Stranger(ctx)
	if err != nil {
		return err
	}
	return inSteps(ctx, load,
		step{0.1, system.Track[0].Kill},
		step{0.5, func() error { return raise(system, who) }},
		step{0.5, func() error { return errors.Join(system.Orders[0].Kill(), system.Orders[0].Start()) }},
		step{1, func() error {
			waiting, err := audit.Lag(ctx, system.Databases())
			system.Seen.Saw(evidence.Pending, waiting)
			return err
		}},
		step{1, system.Track[0].Start})
}
