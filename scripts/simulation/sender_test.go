package simulation

import (
	"context"
	"errors"
	"time"

	sender "ordertrack/order_service/simulation"
)

var (
	errDatabase = errors.New("the connection to the database is lost")
	errKafka    = errors.New("no answer from Kafka")
	errHTTP     = errors.New("track_users does not answer")
)

// service is one process of order_service: a relay, and the question that it has asked. It models the ports of both.
type service struct {
	*world

	logic    *sender.Sender
	relay    *process
	question *process
	turn     *turn // the last one
}

// serve starts a process of order_service.
func (w *world) serve() *service {
	s := &service{world: w}
	s.logic = sender.New(sender.World{Outbox: s, Wire: s, Receiver: s, Register: s, Meter: s}, w.sending)
	s.relay = begin(func(ctx context.Context, _ *process) error { return s.logic.Run(ctx) })
	return s
}

// ask goes on with the question to the receiver, or begins one.
func (s *service) ask(steps int) {
	if s.question == nil || s.question.done {
		s.question = begin(func(ctx context.Context, _ *process) error { return s.logic.Ask(ctx) })
	}
	s.question.step(steps)
}

func (s *service) crash() {
	s.relay.crash()
	if s.question != nil {
		s.question.crash()
	}
}

// turn is the relay's session. It does not survive a failure.
type turn struct {
	*service

	lost bool
}

// Lead implements the outbox.
func (s *service) Lead(ctx context.Context, work func(sender.Log, sender.Archive) error) error {
	for {
		s.relay.pause()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case s.fails(database):
			return errDatabase
		case s.leader == nil || s.enabled[twoLeaders]:
			t := &turn{service: s}
			s.leader, s.turn = t, t
			defer t.end()
			return work(t, t)
		}
	}
}

// end gives the turn to another.
func (t *turn) end() {
	if t.leader == t {
		t.leader = nil
	}
}

// lose ends the session while its relay does not know yet.
func (t *turn) lose() {
	if t != nil {
		t.lost = true
		t.end()
	}
}

// call is a statement of the session: it fails when the session has been lost.
func (t *turn) call() error {
	t.relay.pause()
	if !t.lost && t.fails(database) {
		t.lose()
	}
	if t.lost {
		return errDatabase
	}
	return nil
}

// Next implements the log.
func (t *turn) Next(_ context.Context, limit int) ([]sender.Placed, error) {
	if err := t.call(); err != nil {
		return nil, err
	}
	return t.orders.next(limit), nil
}

// Advance implements the log.
func (t *turn) Advance(_ context.Context, id int64) error {
	if err := t.call(); err != nil {
		return err
	}
	t.orders.advance(id)
	return nil
}

// Wait implements the log. Whoever goes on looks again.
func (t *turn) Wait(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }

// Lacking implements the archive.
func (t *turn) Lacking(_ context.Context, applied sender.Applied) ([]sender.Place, error) {
	if err := t.call(); err != nil {
		return nil, err
	}
	return t.orders.lacking(applied), nil
}

// From implements the archive.
func (t *turn) From(_ context.Context, place sender.Place, limit int) ([]sender.Placed, error) {
	if err := t.call(); err != nil {
		return nil, err
	}
	return t.orders.from(place, limit), nil
}

// RenewIfBehind implements the register.
func (s *service) RenewIfBehind(_ context.Context, applied sender.Applied) error {
	if s.asking().pause(); s.fails(database) {
		return errDatabase
	}
	if s.orders.behind(applied) {
		s.renew()
	}
	return nil
}

// Progress implements the receiver.
func (s *service) Progress(context.Context) (sender.Progress, error) {
	if s.asking().pause(); s.unasked || s.fails(answers) {
		return sender.Progress{}, errHTTP
	}
	return s.users.progress(), nil
}

// asking is the process that speaks to the receiver: the start does, and questions do.
func (s *service) asking() *process {
	if s.question != nil && !s.question.done {
		return s.question
	}
	return s.relay
}
