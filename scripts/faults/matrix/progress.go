package matrix

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/loss"
	"ordertrack/scripts/faults/proxy"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/stranger"
	"ordertrack/scripts/faults/workload"
	"ordertrack/shared/backoff"
)

// The way by which order_service asks track_users how far it is, once a second and for 3 s at most.
var fromReceiver = stack.TrackSide.API()

const (
	deafness = 7 * time.Second // at least two questions that nobody answers in time
	unheards = 3               // answers that do not arrive, or not all of them
)

// progress takes the answers away by which order_service learns what is lost, while something is. Nothing may be sent
// again on a guess; orders are taken all the time; and when the answers are back, the counters become exact.
func progress() []Cell {
	deaf := []evidence.Want{
		evidence.Once(evidence.Killed(trackUsers)), evidence.Once(evidence.TopicMeddled),
		evidence.Once(evidence.Gap), evidence.Once(evidence.GoneOn), evidence.Once(evidence.Resent),
	}
	needs := stack.Needs{Proxied: true}
	return []Cell{
		{
			Name:  "lose-answers-to-progress",
			Does:  "the topic deleted under load, and all that track_users says of its progress gets lost for more than 7 s",
			Shows: append(shows(evidence.Times(unheards, evidence.Lost(fromReceiver))), deaf...),
			Do:    unheard((*stranger.Stranger).DeleteTopic, unfinished(answersOf, evidence.Lost)),
			Needs: needs, Losing: true, Answered: true,
		},
		{
			Name:  "progress-cut-off",
			Does:  "the topic deleted under load, and all that track_users says of its progress is cut off in the middle for more than 7 s",
			Shows: append(shows(evidence.Times(unheards, evidence.CutOff(fromReceiver))), deaf...),
			Do:    unheard((*stranger.Stranger).DeleteTopic, unfinished(halvesOf, evidence.CutOff)),
			Needs: needs, Losing: true, Answered: true,
		},
		{
			Name: "progress-blackhole",
			Does: "all records deleted under load, and nothing passes between order_service and track_users for more than 7 s, " +
				"in which order_service is killed and started again",
			Shows: append(shows(evidence.Once(evidence.HeldToServer(fromReceiver)), evidence.Once(evidence.Killed(orderService))), deaf...),
			Do:    unheard((*stranger.Stranger).DeleteRecords, blackhole),
			Needs: needs, Losing: true, Keyed: true, Answered: true,
		},
		{
			Name:  "progress-late",
			Does:  "what track_users says of its progress is up to 2.6 s old under load, while it is killed and started again: nothing is lost",
			Shows: shows(evidence.AtLeast(evidence.Slowed(fromReceiver), time.Second), evidence.Once(evidence.Killed(trackUsers))),
			Do:    progressLate, Needs: needs, Answered: true,
		},
	}
}

// silencing makes the way bad, and returns what makes it good again: it may only be called once.
type silencing = func(context.Context, *stack.Stack) (mend func() error, err error)

// unheard takes events away while order_service cannot hear of it.
func unheard(take func(*stranger.Stranger) error, silence silencing) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		who, err := system.Stranger(ctx)
		if err != nil {
			return err
		}
		enough := load.Sustain()
		defer enough()
		if err := load.Await(ctx, 0.3); err != nil {
			return err
		}
		begun, _ := load.Progress()
		mend, err := silence(ctx, system)
		if err != nil {
			return err
		}
		if err := inSteps(ctx, load,
			step{0.3, system.Track[0].Kill},
			step{0.5, func() error { return meddled(system, evidence.TopicMeddled, take(who)) }}); err != nil {
			return err
		}
		err = errors.Join(system.Track[0].Start(), system.Track[0].WaitReady(ctx), backoff.Sleep(ctx, deafness), stillLacking(ctx, system))
		ended, _ := load.Progress()
		system.Seen.Saw(evidence.GoneOn, int64(ended-begun))
		enough()
		return errors.Join(err, mend(), resent(ctx, system))
	}
}

// stillLacking looks whether there is something to be sent again, and nothing was.
func stillLacking(ctx context.Context, system *stack.Stack) error {
	waiting, err := system.Waiting(ctx)
	if err != nil {
		return err
	}
	system.Seen.Saw(evidence.Gap, waiting)
	events, err := system.Retransmitted(ctx)
	if err == nil && events > 0 {
		err = fmt.Errorf("%d events were sent again, although nobody had said that they are lost", events)
	}
	return err
}

func answersOf(l *stack.Link) *loss.Answers { return l.Answers }

func halvesOf(l *stack.Link) *loss.Answers { return l.Halves }

// unfinished loses all answers, or half of each.
func unfinished(of func(*stack.Link) *loss.Answers, fact func(link string) evidence.Fact) silencing {
	return func(_ context.Context, system *stack.Stack) (mend func() error, err error) {
		answers := of(system.Links.API[stack.TrackSide])
		answers.Lose(math.MaxInt, isRequest("GET /api/v1/progress"))
		return func() error {
			system.Seen.Saw(fact(fromReceiver), int64(answers.Lost()))
			answers.Lose(0, nil)
			return nil
		}, nil
	}
}

// blackhole leaves order_service with a connection on which nothing comes, and has it start while new ones are as silent:
// it must not wait for long to hear whether its log goes on.
func blackhole(ctx context.Context, system *stack.Stack) (mend func() error, err error) {
	link, service := system.Links.API[stack.TrackSide], system.Orders[0]
	link.Hold(proxy.ToServer, proxy.ToClient)
	if err := until(ctx, func() (bool, error) { return link.Suffered().Held[proxy.ToServer] > 0, nil }); err != nil {
		return nil, err
	}
	if err := errors.Join(service.Kill(), service.Start(), service.WaitReady(ctx)); err != nil {
		return nil, err
	}
	return func() error {
		link.Release()
		return nil
	}, nil
}

// progressLate has the relay judge by answers that are true of a while ago, of a receiver that falls behind.
func progressLate(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	link := system.Links.API[stack.TrackSide]
	link.SetWeather(proxy.Weather{Latency: 500 * time.Millisecond, Jitter: 800 * time.Millisecond})
	defer link.SetWeather(proxy.Weather{})
	enough := load.Sustain()
	defer enough()
	return inSteps(ctx, load,
		step{0.3, system.Track[0].Kill},
		step{0.5, system.Track[0].Start},
		step{0.5, func() error { return backoff.Sleep(ctx, deafness) }})
}
