package matrix

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/proxy"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
)

// Of the kills under keys every second one comes between a commit and its answer, by choice.
const (
	keyedKills   = 10
	keyedSeizes  = keyedKills / 2
	keyedRepeats = 100 // answers that are held against those of before

	// seizeLimit is how long a commit is waited for, since one that failed is followed by another; and what comes after it.
	seizeLimit = 5 * time.Second
)

// keys are for clients that send an order again, under its Idempotency-Key, until they are answered.
func keys() []Cell {
	return []Cell{{
		Name: "kill-order-service-keyed",
		Does: "clients send orders under keys until they are answered; SIGKILL of order_service ten times under load, " +
			"five times when a commit is done and its answer has not arrived",
		Shows: shows(
			evidence.Times(keyedKills, evidence.Killed(orderService)),
			evidence.Times(keyedSeizes, evidence.Lost(stack.OrdersSide.Postgres())),
			evidence.Times(keyedSeizes, evidence.Recovered),
			evidence.Times(keyedRepeats, evidence.SameAgain),
		),
		Do: killWithKeys, Needs: stack.Needs{Proxied: true}, Keyed: true, Answered: true,
	}}
}

func killWithKeys(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	enough := load.Sustain()
	defer enough()
	kills := 0
	err := often(ctx, load, keyedKills, func(*rand.Rand) error {
		kills++
		if kills%2 == 0 {
			return errors.Join(system.Orders[0].Kill(), system.Orders[0].Start())
		}
		return killAfterCommit(ctx, system, load)
	})
	if err != nil {
		return err
	}
	err = patiently(ctx, func() bool { return load.Repeated() >= keyedRepeats })
	system.Seen.Saw(evidence.SameAgain, int64(load.Repeated()))
	return err
}

// killAfterCommit kills the service while it waits for the answer to a commit that is done, and waits for the client to
// be told by the next process.
func killAfterCommit(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	link := system.Links.Postgres[stack.OrdersSide]
	defer link.Release()
	if err := seizeCommit(ctx, link); err != nil {
		return err
	}
	system.Seen.Saw(evidence.Lost(stack.OrdersSide.Postgres()), 1)
	if err := system.Orders[0].Kill(); err != nil {
		return err
	}
	link.Release()
	before := load.Recovered()
	if err := connected(ctx, system.URL(stack.OrdersSide), func(conn *pgx.Conn) error {
		var last int64
		if err := conn.QueryRow(ctx, `SELECT max(id) FROM orders`).Scan(&last); err != nil {
			return fmt.Errorf("ask for the last order: %w", err)
		}
		load.Mark(last)
		return nil
	}); err != nil {
		return err
	}
	if err := system.Orders[0].Start(); err != nil {
		return err
	}
	err := patiently(ctx, func() bool { return load.Recovered() > before })
	system.Seen.Saw(evidence.Recovered, int64(min(load.Recovered()-before, 1))) // of each kill: others do not make up for it
	return err
}

// patiently waits for what a service that works brings about. One that does not is judged by what there is to be seen.
func patiently(ctx context.Context, ask func() bool) error {
	limited, cancel := context.WithTimeout(ctx, seizeLimit)
	defer cancel()
	if err := until(limited, func() (bool, error) { return ask(), nil }); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

// seizeCommit waits for the answer to the commit of a key, which tells of success. It is lost, and nothing else reaches
// the service any more, so that it cannot ask again.
func seizeCommit(ctx context.Context, link *stack.Link) error {
	for {
		link.Answers.Lose(1, func(statement string) bool {
			if !strings.Contains(statement, "INSERT INTO idempotency_key") {
				return false
			}
			link.Hold(proxy.ToClient)
			return true
		})
		limited, cancel := context.WithTimeout(ctx, seizeLimit)
		err := link.Answers.Await(limited, 1)
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
		link.Release()
	}
}
