package matrix

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/proxy"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/shared/backoff"
)

// silence is longer than the services' patience with one statement, and shorter than most clients' with an order.
const silence = 6 * time.Second

// What must have been seen: how much data was slowed down, and how often it was cut off, or in the middle.
const (
	slowed = 250 * time.Millisecond // of all pieces of data together
	resets = 10
	cuts   = 15
)

// The ways to the broker, as facts name them.
var (
	fromOrders = stack.OrdersSide.Broker()
	fromTrack  = stack.TrackSide.Broker()
)

// networks make the network between one service and its PostgreSQL, or between both services and the broker, bad.
func networks() []Cell {
	return slices.Concat(eachSide(postgresNetworks), brokerNetworks())
}

func postgresNetworks(side stack.Side) []Cell {
	link := func(s *stack.Stack) []*stack.Link { return []*stack.Link{s.Links.Postgres[side]} }
	// What is held may leave clients of order_service without a clear answer in time; track_users gives them none.
	whenHeld := side == stack.TrackSide
	return ofSide(side, stack.Needs{Proxied: true},
		Cell{
			Name:  "postgres-latency-and-reset",
			Shows: shows(evidence.Times(resets, evidence.Reset(side.Postgres())), evidence.AtLeast(evidence.Slowed(side.Postgres()), slowed)),
			Does:  "2 ms and up to 3 ms of jitter on each piece of data to and from %s, all connections reset ten times",
			Do:    latencyAndReset(link), Answered: true,
		},
		Cell{
			Name: "postgres-blackhole", Does: "nothing passes to and from %s for 6 s, then all that was sent arrives",
			Shows: shows(evidence.Once(evidence.Held(side.Postgres()))),
			Do:    held(link, proxy.ToServer, proxy.ToClient), Answered: whenHeld,
		},
		Cell{
			Name: "postgres-answers-held", Does: "all reaches %s for 6 s, and its answers arrive after that",
			Shows: shows(evidence.Once(evidence.HeldToClient(side.Postgres()))),
			Do:    held(link, proxy.ToClient), Answered: whenHeld,
		},
		Cell{
			Name: "postgres-requests-held", Does: "nothing reaches %s for 6 s, and all of it after that",
			Shows: shows(evidence.Once(evidence.HeldToServer(side.Postgres()))),
			Do:    held(link, proxy.ToServer), Answered: whenHeld,
		},
		Cell{
			Name: "postgres-squeezed", Does: "200 kB/s to and from %s on each connection, for a quarter of the orders",
			Shows: shows(evidence.AtLeast(evidence.Slowed(side.Postgres()), slowed)),
			Do:    squeezed(link), Answered: true,
		},
		Cell{
			Name: "postgres-cut-in-a-frame", Does: "connections to %s cut in the middle of a message, fifteen times",
			Shows: shows(evidence.Times(cuts, evidence.Halved(side.Postgres()))),
			Do:    cutInAFrame(link), Answered: true,
		})
}

func brokerNetworks() []Cell {
	proxied := stack.Needs{Proxied: true}
	broker := func(s *stack.Stack) []*stack.Link { return s.Links.Broker[:] }
	return []Cell{
		{
			Name: "broker-latency-and-reset",
			Shows: shows(evidence.Times(resets, evidence.Reset(fromOrders)), evidence.Times(resets, evidence.Reset(fromTrack)),
				evidence.AtLeast(evidence.Slowed(fromOrders), slowed), evidence.AtLeast(evidence.Slowed(fromTrack), slowed)),
			Does: "2 ms and up to 3 ms of jitter on each piece of data to and from the broker, all connections reset ten times",
			Do:   latencyAndReset(broker), Needs: proxied, Answered: true,
		},
		{
			Name: "broker-blackhole", Does: "nothing passes between the services and the broker for 6 s, then all that was sent arrives",
			Shows: shows(evidence.Once(evidence.Held(fromOrders)), evidence.Once(evidence.Held(fromTrack))),
			Do:    held(broker, proxy.ToServer, proxy.ToClient), Needs: proxied, Answered: true,
		},
		{
			Name: "broker-answers-held", Does: "the broker gets everything for 6 s, and its answers arrive after that",
			Shows: shows(evidence.Once(evidence.HeldToClient(fromOrders)), evidence.Once(evidence.HeldToClient(fromTrack))),
			Do:    held(broker, proxy.ToClient), Needs: proxied, Answered: true,
		},
		{
			Name: "broker-requests-held", Does: "nothing reaches the broker for 6 s, and all of it after that",
			Shows: shows(evidence.Once(evidence.HeldToServer(fromOrders)), evidence.Once(evidence.HeldToServer(fromTrack))),
			Do:    held(broker, proxy.ToServer), Needs: proxied, Answered: true,
		},
		{
			Name: "broker-squeezed", Does: "200 kB/s to and from the broker on each connection, for a quarter of the orders",
			Shows: shows(evidence.AtLeast(evidence.Slowed(fromOrders), slowed), evidence.AtLeast(evidence.Slowed(fromTrack), slowed)),
			Do:    squeezed(broker), Needs: proxied, Answered: true,
		},
		{
			Name: "broker-cut-in-a-frame", Does: "connections to the broker cut in the middle of a message, thirty times",
			Shows: shows(evidence.Times(cuts, evidence.Halved(fromOrders)), evidence.Times(cuts, evidence.Halved(fromTrack))),
			Do:    cutInAFrame(broker), Needs: proxied, Answered: true,
		},
	}
}

// some picks links of a system.
type some func(*stack.Stack) []*stack.Link

func latencyAndReset(pick some) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		links := pick(system)
		for _, link := range links {
			link.SetWeather(proxy.Weather{Latency: 2 * time.Millisecond, Jitter: 3 * time.Millisecond})
			defer link.SetWeather(proxy.Weather{})
		}
		enough := load.Sustain()
		defer enough()
		err := often(ctx, load, resets, func(*rand.Rand) error {
			for _, link := range links {
				// a service that has just lost its connections takes a while to come back
				before := link.Suffered().Resets
				err := until(ctx, func() (bool, error) {
					link.Reset()
					return link.Suffered().Resets > before, nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return untilSlowed(ctx, links)
	}
}

// untilSlowed goes on until enough data has been slowed down on each link.
func untilSlowed(ctx context.Context, links []*stack.Link) error {
	return until(ctx, func() (bool, error) {
		return !slices.ContainsFunc(links, func(l *stack.Link) bool { return l.Suffered().Delay < slowed }), nil
	})
}

// held ends with the links open: what was sent long ago arrives when nobody waits for it any more.
func held(pick some, directions ...proxy.Direction) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.4); err != nil {
			return err
		}
		for _, link := range pick(system) {
			link.Hold(directions...)
			defer link.Release()
		}
		return backoff.Sleep(ctx, silence)
	}
}

func squeezed(pick some) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.3); err != nil {
			return err
		}
		links := pick(system)
		for _, link := range links {
			link.SetWeather(proxy.Weather{BytesPerSecond: 200_000})
			defer link.SetWeather(proxy.Weather{})
		}
		enough := load.Sustain()
		defer enough()
		if err := load.Await(ctx, 0.55); err != nil {
			return err
		}
		return untilSlowed(ctx, links)
	}
}

func cutInAFrame(pick some) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		links := pick(system)
		for _, link := range links {
			defer link.Halve(0)
		}
		enough := load.Sustain() // without orders the broker's link has little to be cut in
		defer enough()
		return often(ctx, load, cuts, func(*rand.Rand) error {
			for _, link := range links {
				link.Halve(1)
			}
			return until(ctx, func() (bool, error) { // with the next piece of data
				return !slices.ContainsFunc(links, func(l *stack.Link) bool { return l.Halved() > 0 }), nil
			})
		})
	}
}
