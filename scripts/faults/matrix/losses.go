package matrix

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/stranger"
	"ordertrack/scripts/faults/workload"
	"ordertrack/scripts/verify/audit"
	"ordertrack/shared/backoff"
)

// losses take events away that were published, so that only order_service can bring them back; the last one takes none,
// and nothing may be sent again.
func losses() []Cell {
	return []Cell{
		{
			Name: "topic-deleted", Does: "the topic deleted under load, with what track_users had not read yet",
			Shows: shows(evidence.Once(evidence.Killed(trackUsers)), evidence.Once(evidence.TopicMeddled), evidence.Once(evidence.Resent)),
			Do:    lost((*stranger.Stranger).DeleteTopic), Losing: true,
		},
		{
			Name: "records-deleted", Does: "all records deleted from the topic under load, before track_users had read them",
			Shows: shows(evidence.Once(evidence.Killed(trackUsers)), evidence.Once(evidence.TopicMeddled), evidence.Once(evidence.Resent)),
			Do:    lost((*stranger.Stranger).DeleteRecords), Losing: true,
		},
		{
			Name: "group-skipped", Does: "the group's offsets set to the end while track_users is down: it passes over what it had not read",
			Shows: shows(evidence.Once(evidence.GroupMeddled), evidence.Once(evidence.Resent)),
			Do:    groupSkipped, Losing: true,
		},
		{
			Name: "records-reordered", Does: "the records that track_users had not read yet taken off the topic, and put back shuffled",
			Shows: shows(evidence.Once(evidence.Killed(trackUsers)), evidence.Times(2, evidence.Shuffled)),
			Do:    reordered, Losing: true,
		},
		{
			Name: "broker-wiped", Does: "SIGKILL of the broker under load, started again without any of its data",
			Shows: shows(evidence.Once(evidence.Killed(stack.BrokerName)), evidence.Once(evidence.Wiped), evidence.Once(evidence.Resent)),
			Do:    brokerWiped, Losing: true,
		},
		{
			Name: "track-users-restored", Does: "the track_users database put back to a copy from the middle of the load",
			Shows: shows(evidence.Once(evidence.PutBack), evidence.Once(evidence.Resent)),
			Do:    trackRestored, Losing: true,
		},
		{
			Name: "track-users-away", Does: "track_users stopped under load for 8 s: nothing may be sent again for that",
			Shows: shows(evidence.Once(evidence.Stopped(trackUsers)), evidence.Once(evidence.Pending)),
			Do:    trackAway,
		},
	}
}

// lost takes events away while track_users is down: it has surely not read all of them.
func lost(take func(*stranger.Stranger) error) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		who, err := system.Stranger(ctx)
		if err != nil {
			return err
		}
		return inSteps(ctx, load,
			step{0.3, system.Track[0].Kill},
			step{0.5, func() error { return meddled(system, evidence.TopicMeddled, take(who)) }},
			step{0.6, system.Track[0].Start},
			step{1, func() error { return resent(ctx, system) }})
	}
}

// reordered loses, too, what is published between the reading and the taking away.
func reordered(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	who, err := system.Stranger(ctx)
	if err != nil {
		return err
	}
	shuffle := func() error {
		records, err := who.Capture(ctx, maxRecords)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			return errors.New("there is nothing to put in another order")
		}
		random := chance(load)
		random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		if err := errors.Join(who.DeleteRecords(), who.Return(records)); err != nil {
			return err
		}
		system.Seen.Saw(evidence.Shuffled, int64(len(records)))
		return nil
	}
	return inSteps(ctx, load, step{0.3, system.Track[0].Kill}, step{0.6, shuffle}, step{0.6, system.Track[0].Start})
}

// groupSkipped stops track_users in order: the group must have no member.
func groupSkipped(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	who, err := system.Stranger(ctx)
	if err != nil {
		return err
	}
	return inSteps(ctx, load,
		step{0.3, func() error { return system.Track[0].Stop(ctx) }},
		step{0.5, func() error { return meddled(system, evidence.GroupMeddled, who.SkipGroup()) }},
		step{0.5, system.Track[0].Start},
		step{1, func() error { return resent(ctx, system) }})
}

// brokerWiped lets track_users fall behind first, so that events are lost which it had not read.
func brokerWiped(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	return inSteps(ctx, load,
		step{0.3, system.Track[0].Kill},
		step{0.5, system.Broker.Kill},
		step{0.5, func() error {
			return errors.Join(meddled(system, evidence.Wiped, system.Broker.Wipe(ctx)), system.Broker.Restart(ctx))
		}},
		step{0.6, system.Track[0].Start},
		step{1, func() error { return resent(ctx, system) }})
}

// resent waits until order_service has sent events again: without that, this fault was none.
func resent(ctx context.Context, system *stack.Stack) error {
	return until(ctx, func() (bool, error) {
		events, err := system.Retransmitted(ctx)
		system.Seen.Saw(evidence.Resent, events)
		return events > 0, err
	})
}

// trackRestored takes care that there is something to be sent again: events that were counted after the copy.
func trackRestored(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	stopped := func(meddle func(context.Context, stack.Side) error) func() error {
		return func() error {
			if err := system.Track[0].Stop(ctx); err != nil {
				return err
			}
			return errors.Join(meddle(ctx, stack.TrackSide), system.Track[0].Start())
		}
	}
	enough := load.Sustain()
	defer enough()
	var copied int64
	return inSteps(ctx, load,
		step{0.3, stopped(func(ctx context.Context, side stack.Side) (err error) {
			if copied, err = system.Applied(ctx); err != nil {
				return err
			}
			return system.BackUp(ctx, side)
		})},
		step{0.9, func() error {
			return until(ctx, func() (bool, error) {
				applied, err := system.Applied(ctx)
				return applied > copied, err
			})
		}},
		step{0.9, stopped(system.Restore)},
		step{1, func() error {
			enough()
			return resent(ctx, system)
		}})
}

func trackAway(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.3); err != nil {
		return err
	}
	if err := system.Track[0].Stop(ctx); err != nil {
		return err
	}
	if err := backoff.Sleep(ctx, 8*time.Second); err != nil {
		return err
	}
	waiting, err := audit.Lag(ctx, system.Databases())
	if err != nil {
		return errors.Join(err, system.Track[0].Start())
	}
	system.Seen.Saw(evidence.Pending, waiting)
	events, err := system.Retransmitted(ctx)
	if err == nil && events > 0 {
		err = fmt.Errorf("%d events were sent again to a receiver that was merely away", events)
	}
	return errors.Join(err, system.Track[0].Start())
}
