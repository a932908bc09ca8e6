package matrix

import (
	"context"
	"math/rand/v2"
	"time"

	"ordertrack/scripts/faults/proxy"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
)

// silence is longer than the services' patience with one statement, and shorter than most clients' with an order.
const silence = 6 * time.Second

// networks make the network between the services and PostgreSQL bad.
func networks() []Cell {
	proxied := stack.Needs{Proxied: true}
	return []Cell{
		{
			Name: "postgres-latency-and-reset",
			Does: "2 ms and up to 3 ms of jitter on each piece of data to and from PostgreSQL, all connections reset ten times",
			Do:   latencyAndReset, Needs: proxied, Answered: true,
		},
		{
			Name: "postgres-blackhole", Does: "nothing passes between the services and PostgreSQL for 6 s, then all that was sent arrives",
			Do: held(proxy.ToServer, proxy.ToClient), Needs: proxied,
		},
		{
			Name: "postgres-answers-held", Does: "PostgreSQL gets everything for 6 s, and its answers arrive after that",
			Do: held(proxy.ToClient), Needs: proxied,
		},
		{
			Name: "postgres-requests-held", Does: "PostgreSQL gets nothing for 6 s, and all of it after that",
			Do: held(proxy.ToServer), Needs: proxied,
		},
		{
			Name: "postgres-squeezed", Does: "200 kB/s to and from PostgreSQL on each connection, for a quarter of the orders",
			Do: squeezed, Needs: proxied, Answered: true,
		},
		{
			Name: "postgres-cut-in-a-frame", Does: "connections to PostgreSQL cut in the middle of a message, thirty times",
			Do: cutInAFrame, Needs: proxied, Answered: true,
		},
	}
}

func latencyAndReset(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	links := system.Links.Both()
	for _, link := range links {
		link.SetWeather(proxy.Weather{Latency: 2 * time.Millisecond, Jitter: 3 * time.Millisecond})
		defer link.SetWeather(proxy.Weather{})
	}
	return often(ctx, load, 10, func(*rand.Rand) error {
		for _, link := range links {
			link.Reset()
		}
		return nil
	})
}

// held ends with the links open, so that an order that was sent long ago arrives when its client has been answered.
func held(directions ...proxy.Direction) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.4); err != nil {
			return err
		}
		for _, link := range system.Links.Both() {
			link.Hold(directions...)
			defer link.Release()
		}
		return wait(ctx, silence)
	}
}

func squeezed(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.3); err != nil {
		return err
	}
	for _, link := range system.Links.Both() {
		link.SetWeather(proxy.Weather{BytesPerSecond: 200_000})
		defer link.SetWeather(proxy.Weather{})
	}
	return load.Await(ctx, 0.55)
}

func cutInAFrame(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	for _, link := range system.Links.Both() {
		defer link.Halve(0)
	}
	return often(ctx, load, 15, func(*rand.Rand) error {
		for _, link := range system.Links.Both() {
			link.Halve(1)
		}
		return nil
	})
}
