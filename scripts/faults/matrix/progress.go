package matrix

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/proxy"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/stranger"
	"ordertrack/scripts/faults/workload"
	"ordertrack/scripts/verify/audit"
	"ordertrack/shared/backoff"
)

// The way by which order_service asks track_users how far it is, once a second and for 3 s at most.
var fromReceiver = stack.TrackSide.API()

const (
	unheards = 3               // answers that do not arrive, and as many of which not all does
	deafness = 7 * time.Second // at least two questions that nobody answers in time

	stillness = 10 * time.Second // four questions and their answers, or more
	late      = 3 * time.Second  // of all their pieces together
)

// progress takes the answers away by which order_service learns what is lost, while something is. Nothing may be sent
// again on a guess; orders are taken all the time; and when the answers are back, the counters become exact.
func progress() []Cell {
	deaf := []evidence.Want{
		evidence.Once(evidence.Stopped(trackUsers)), evidence.Once(evidence.TopicMeddled),
		evidence.Once(evidence.Gap), evidence.Once(evidence.GoneOn), evidence.Once(evidence.Resent),
	}
	needs := stack.Needs{Proxied: true}
	return []Cell{
		{
			Name: "lose-answers-to-progress",
			Does: "the topic deleted under load, and of all that track_users says of its progress nothing arrives, and then not the end",
			Shows: append(shows(evidence.Times(unheards, evidence.Lost(fromReceiver)), evidence.Times(unheards, evidence.CutOff(fromReceiver))),
				deaf...),
			Do:    unheard((*stranger.Stranger).DeleteTopic, hush{lossOfAnswers, loseThenCutOff, allAnswers}),
			Needs: needs, Losing: true, Answered: true,
		},
		{
			Name: "progress-blackhole",
			Does: "all records deleted under load, and nothing passes between order_service and track_users for more than 7 s, " +
				"in which order_service is killed and started again",
			Shows: append(shows(evidence.Once(evidence.HeldToServer(fromReceiver)), evidence.Once(evidence.Killed(orderService))), deaf...),
			Do:    unheard((*stranger.Stranger).DeleteRecords, hush{blackhole, forAWhile, openAgain}),
			Needs: needs, Losing: true, Keyed: true, Answered: true,
		},
		{
			Name: "progress-late",
			Does: "what track_users says of its progress is up to 2.6 s old, and it hears nothing of the broker for 10 s: nothing is lost",
			Shows: shows(evidence.AtLeast(evidence.Slowed(fromReceiver), late), evidence.Once(evidence.Held(fromTrack)),
				evidence.Once(evidence.Pending)),
			Do: progressLate, Needs: needs, Answered: true,
		},
	}
}

// hush is something on the way from track_users to order_service: how it begins, what is waited for while something is
// to be sent again, and how it ends.
type hush struct {
	begin, stay, end func(context.Context, *stack.Stack) error
}

// unheard takes events away while order_service cannot hear of it.
func unheard(take func(*stranger.Stranger) error, hush hush) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		who, err := system.Stranger(ctx)
		if err != nil {
			return err
		}
		enough := load.Sustain()
		defer enough()
		track := system.Track[0]
		if err := inSteps(ctx, load,
			step{0.3, func() error { return hush.begin(ctx, system) }},
			step{0.3, func() error { return track.Stop(ctx) }},
			step{0.5, func() error { return meddled(system, evidence.TopicMeddled, take(who)) }},
			step{0.5, track.Start},
			step{0.5, func() error { return lacking(ctx, system) }}); err != nil {
			return err
		}
		begun, _ := load.Progress()
		if err := errors.Join(hush.stay(ctx, system), nothingResent(ctx, system)); err != nil {
			return err
		}
		ended, _ := load.Progress()
		system.Seen.Saw(evidence.GoneOn, int64(ended-begun))
		enough()
		return errors.Join(hush.end(ctx, system), resent(ctx, system))
	}
}

// lacking waits until something is to be sent again: what came after it has been read, and waits.
func lacking(ctx context.Context, system *stack.Stack) error {
	if err := system.Track[0].WaitReady(ctx); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		waiting, err := system.Waiting(ctx)
		system.Seen.Saw(evidence.Gap, waiting)
		return waiting > 0, err
	})
}

func nothingResent(ctx context.Context, system *stack.Stack) error {
	events, err := system.Retransmitted(ctx)
	if err == nil && events > 0 {
		err = fmt.Errorf("%d events were sent again, although nobody had said that they are lost", events)
	}
	return err
}

var isProgress = isRequest("GET /api/v1/progress")

func lossOfAnswers(_ context.Context, system *stack.Stack) error {
	system.Links.API[stack.TrackSide].Answers.Lose(math.MaxInt, isProgress)
	return nil
}

// loseThenCutOff loses some more answers, and cuts those off that come after them.
func loseThenCutOff(ctx context.Context, system *stack.Stack) error {
	link := system.Links.API[stack.TrackSide]
	if err := link.Answers.Await(ctx, link.Answers.Lost()+unheards); err != nil {
		return err
	}
	system.Seen.Saw(evidence.Lost(fromReceiver), unheards)
	link.Halves.Lose(math.MaxInt, isProgress)
	link.Answers.Lose(0, nil)
	if err := link.Halves.Await(ctx, unheards); err != nil {
		return err
	}
	system.Seen.Saw(evidence.CutOff(fromReceiver), unheards)
	return nil
}

func allAnswers(_ context.Context, system *stack.Stack) error {
	system.Links.API[stack.TrackSide].Halves.Lose(0, nil)
	return nil
}

// blackhole leaves order_service with a connection on which nothing comes, and has it start while new ones are as silent:
// it must not wait for long to hear whether its log goes on.
func blackhole(ctx context.Context, system *stack.Stack) error {
	link, service := system.Links.API[stack.TrackSide], system.Orders[0]
	link.Hold(proxy.ToServer, proxy.ToClient)
	if err := until(ctx, func() (bool, error) { return link.Suffered().Held[proxy.ToServer] > 0, nil }); err != nil {
		return err
	}
	return errors.Join(service.Kill(), service.Start(), service.WaitReady(ctx))
}

func forAWhile(ctx context.Context, _ *stack.Stack) error { return backoff.Sleep(ctx, deafness) }

func openAgain(_ context.Context, system *stack.Stack) error {
	system.Links.API[stack.TrackSide].Release()
	return nil
}

// progressLate has the relay judge by answers that are true of a while ago, of a receiver that does not move while events
// are published.
func progressLate(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	answers, broker := system.Links.API[stack.TrackSide], system.Links.Broker[stack.TrackSide]
	if err := load.Await(ctx, 0.3); err != nil {
		return err
	}
	enough := load.Sustain()
	defer enough()
	answers.SetWeather(proxy.Weather{Latency: 500 * time.Millisecond, Jitter: 800 * time.Millisecond})
	defer answers.SetWeather(proxy.Weather{})
	broker.Hold(proxy.ToServer, proxy.ToClient)
	defer broker.Release()
	if err := backoff.Sleep(ctx, stillness); err != nil {
		return err
	}
	waiting, err := audit.Lag(ctx, system.Databases())
	system.Seen.Saw(evidence.Pending, waiting)
	return errors.Join(err, nothingResent(ctx, system))
}
