package load

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"ordertrack/shared/backoff"
)

// Closed is a load of clients that each send their next order when the last one is answered.
type Closed struct {
	Target

	Clients int
	WarmUp  time.Duration // not measured
	Lasts   time.Duration // measured
}

// Rate is what came of a closed load.
type Rate struct {
	Orders int64         // answered in the time that is measured
	Took   time.Duration // that time
	CPU    time.Duration // of this process in it
}

// PerSecond is the orders a second.
func (r Rate) PerSecond() float64 { return float64(r.Orders) / r.Took.Seconds() }

var errOver = errors.New("the load is over")

// Run applies the load. measuring is called when the warm-up is over, and what it returns when the measurement is.
func (l Closed) Run(ctx context.Context, measuring func() (stop func() error, err error)) (Rate, error) {
	running, finish := context.WithCancelCause(ctx)
	defer finish(errOver)
	var (
		answered atomic.Int64
		rate     Rate
	)
	all, working := errgroup.WithContext(running)
	for client := range l.Clients {
		all.Go(func() error { return unlessOver(running, l.client(working, client, &answered)) })
	}
	all.Go(func() error {
		defer finish(errOver)
		var err error
		rate, err = l.measure(working, &answered, measuring)
		return err
	})
	return rate, all.Wait()
}

func (l Closed) client(ctx context.Context, number int, answered *atomic.Int64) error {
	c, err := dial(ctx, l.Addr)
	if err != nil {
		return err
	}
	defer c.close()
	orders := newOrder(l.Users, number)
	for ctx.Err() == nil {
		if err := place(c, orders.next()); err != nil {
			return err
		}
		answered.Add(1)
	}
	return nil
}

func (l Closed) measure(ctx context.Context, answered *atomic.Int64, measuring func() (func() error, error)) (Rate, error) {
	if err := backoff.Sleep(ctx, l.WarmUp); err != nil {
		return Rate{}, err
	}
	stop, err := measuring()
	if err != nil {
		return Rate{}, err
	}
	begin, orders, cpu := time.Now(), answered.Load(), ownCPU()
	if err := backoff.Sleep(ctx, l.Lasts); err != nil {
		return Rate{}, errors.Join(err, stop())
	}
	rate := Rate{Orders: answered.Load() - orders, Took: time.Since(begin), CPU: ownCPU() - cpu}
	return rate, stop()
}

// unlessOver drops the error of a client that was cut off because the load is over.
func unlessOver(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errOver) {
		return nil
	}
	return err
}

// ownCPU is the CPU time of this process.
func ownCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
