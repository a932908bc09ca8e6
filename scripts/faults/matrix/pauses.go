package matrix

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/scripts/verify/audit"
	"ordertrack/shared/backoff"
)

// Who pauses for so long has lost what it had, and does not know it; or others have given it up.
const (
	// everySession is longer than any session with a database or with the group, and than the wait for any answer: 6 s in
	// the group and 12 s in its rebalance, 15 s in a transaction of track_users that rests, 2 to 10 s for a statement, 15 s
	// for the broker's answer, and the 10 s that order_service gives a client.
	everySession = 16 * time.Second

	// everyLimit is longer than the 30 s that the relay gives a batch, too.
	everyLimit = 31 * time.Second
)

// pauses stop processes by SIGSTOP and let them go on by SIGCONT.
func pauses() []Cell {
	return []Cell{
		{
			Name:  "pause-track-users",
			Shows: shows(evidence.AtLeast(evidence.Paused(trackUsers), everySession), evidence.Once(evidence.Succeeded)),
			Does:  "SIGSTOP of one of two track_users under load until the other has counted everything, then SIGCONT: a zombie",
			Do:    pauseTrackUsers, Needs: stack.Needs{Track: 2},
		},
		{
			Name:  "pause-track-users-in-a-transaction",
			Shows: shows(evidence.Once(evidence.Paused(trackUsers)), evidence.Once(evidence.Succeeded)),
			Does:  "SIGSTOP of track_users between the reading and the moving of its marks; another one takes its place; then SIGCONT",
			Do:    pauseInATransaction, Needs: stack.Needs{Proxied: true}, Answered: true,
		},
		{
			Name:  "pause-lone-track-users",
			Does:  "SIGSTOP of the only track_users under load for longer than every session timeout, then SIGCONT",
			Shows: shows(evidence.AtLeast(evidence.Paused(trackUsers), everySession), evidence.Once(evidence.Expelled)),
			Do: paused(everySession, func(ctx context.Context, s *stack.Stack) (func() error, error) {
				return func() error { return errors.Join(expelled(ctx, s, 0), s.Track[0].Continue()) }, s.Track[0].Pause()
			}), Answered: true,
		},
		{
			Name:  "pause-order-service",
			Does:  "SIGSTOP of the only order_service under load for longer than every limit it has, then SIGCONT",
			Shows: shows(evidence.AtLeast(evidence.Paused(orderService), everyLimit)),
			Do: paused(everyLimit, func(_ context.Context, s *stack.Stack) (func() error, error) {
				return s.Orders[0].Continue, s.Orders[0].Pause()
			}), Noticed: true,
		},
		{
			Name:  "pause-broker",
			Does:  "SIGSTOP of the broker under load for longer than every session, and every batch of the relay, then SIGCONT",
			Shows: shows(evidence.AtLeast(evidence.Paused(stack.BrokerName), everyLimit)),
			Do: paused(everyLimit, func(_ context.Context, s *stack.Stack) (func() error, error) {
				return s.PauseBroker()
			}), Answered: true,
		},
		{
			Name: "second-relay",
			Shows: shows(evidence.AtLeast(evidence.Paused(orderService), time.Second), evidence.Once(evidence.Paused(stack.BrokerName)),
				evidence.Once(evidence.LocksTaken), evidence.Once(evidence.Succeeded)),
			Does: "SIGSTOP of the relay that leads under load, its lock taken away and given to another, then SIGCONT",
			// Not Answered: how long the paused one gives no answers depends on how fast the other takes over.
			Do: secondRelay, Needs: stack.Needs{Orders: 2}, Repeating: true,
		},
	}
}

// paused pauses something in the middle of the load, which goes on until it is back.
func paused(limit time.Duration, pause func(context.Context, *stack.Stack) (resume func() error, err error)) do {
	return func(ctx context.Context, system *stack.Stack, load *workload.Load) error {
		if err := load.Await(ctx, 0.4); err != nil {
			return err
		}
		enough := load.Sustain()
		defer enough()
		resume, err := pause(ctx, system)
		if err != nil {
			return err
		}
		return errors.Join(backoff.Sleep(ctx, limit), resume())
	}
}

// expelled looks whether the group has no more members than those that did not stand still.
func expelled(ctx context.Context, system *stack.Stack, others int) error {
	who, err := system.Stranger(ctx)
	if err != nil {
		return err
	}
	members, err := who.Members()
	if err == nil && members <= others {
		system.Seen.Saw(evidence.Expelled, 1)
	}
	return err
}

// pauseTrackUsers shows that the other replica takes over: it counts everything while the first one is away. That one
// wakes up in the middle of whatever it did, with records in hand that were all counted since.
func pauseTrackUsers(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.4); err != nil {
		return err
	}
	zombie := system.Track[0]
	if err := zombie.Pause(); err != nil {
		return err
	}
	paused := time.Now()
	if err := errors.Join(load.Await(ctx, 1), audit.AwaitRest(ctx, system.Databases())); err != nil {
		return errors.Join(err, zombie.Continue())
	}
	system.Seen.Saw(evidence.Succeeded, 1)
	return errors.Join(backoff.Sleep(ctx, everySession-time.Since(paused)), zombie.Continue())
}

// pauseInATransaction pauses a consumer that has read how far its lanes are, and is about to count what comes next. When
// it goes on, another consumer wants to count the same, or has done so.
func pauseInATransaction(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.4); err != nil {
		return err
	}
	zombie, heir := system.Track[0], system.Track[1]
	paused := make(chan error, 1)
	system.Links.Postgres[stack.TrackSide].Answers.Seize(func(statement string) bool {
		return strings.Contains(statement, "FROM lane_mark") && strings.Contains(statement, "unnest(")
	}, func() { paused <- zombie.Pause() })
	select {
	case err := <-paused:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return errors.Join(heir.Start(), awaitHeir(ctx, system), zombie.Continue())
}

// awaitHeir waits until another consumer wants the marks of one that is paused, or has moved them and caught up. It does
// not wait longer than the paused one would wait for an answer: that one must still believe in what it does.
func awaitHeir(ctx context.Context, system *stack.Stack) error {
	const waiting = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'track_users' AND wait_event_type = 'Lock')`
	limited, cancel := context.WithTimeout(ctx, 9*time.Second)
	defer cancel()
	err := connected(ctx, system.Databases().Track, func(conn *pgx.Conn) error {
		return until(limited, func() (waits bool, err error) {
			if err = conn.QueryRow(ctx, waiting).Scan(&waits); err != nil || waits {
				return waits, err
			}
			lag, err := audit.Lag(ctx, system.Databases())
			return lag == 0, err
		})
	})
	if err == nil {
		system.Seen.Saw(evidence.Succeeded, 1)
	}
	if ctx.Err() == nil && limited.Err() != nil {
		return errors.New("no other consumer came in time")
	}
	return err
}

// secondRelay makes two relays that lead: the paused one does not know that its session, and so its lock, is gone. The
// broker rests before, so that the relay is paused with a batch in flight: the rest of it is sent when the relay wakes,
// long after the other one has published the same.
func secondRelay(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	if err := load.Await(ctx, 0.4); err != nil {
		return err
	}
	leader, other := system.Orders[0], system.Orders[1]
	leads, err := leader.Leads(ctx)
	if err != nil {
		return err
	}
	if !leads {
		leader, other = other, leader
	}
	resume, err := system.PauseBroker()
	if err != nil {
		return err
	}
	// Longer than the relay's pace: however busy the machine is, it has sent by then.
	if err := errors.Join(load.Await(ctx, 0.45), backoff.Sleep(ctx, time.Second), leader.Pause(), resume()); err != nil {
		return errors.Join(err, leader.Continue())
	}
	taken, err := terminate(ctx, system.Databases().Orders, `pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)`)
	if err != nil {
		return errors.Join(err, leader.Continue())
	}
	system.Seen.Saw(evidence.LocksTaken, taken)
	if err := until(ctx, func() (bool, error) { return other.Leads(ctx) }); err != nil {
		return errors.Join(err, leader.Continue())
	}
	system.Seen.Saw(evidence.Succeeded, 1)
	return errors.Join(
		backoff.Sleep(ctx, time.Second), // not for a part of the orders: half of the clients wait for the paused replica
		leader.Continue())
}
