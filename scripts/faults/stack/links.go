package stack

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/kafkawire"
	"ordertrack/scripts/faults/loss"
	"ordertrack/scripts/faults/pgwire"
	"ordertrack/scripts/faults/proxy"
)

// Links are the services' ways to PostgreSQL and to the broker, by Side, in a system that is proxied. All replicas of a
// service share one of each.
type Links struct {
	Postgres, Broker [2]*Link

	Refusals *kafkawire.Refusals // of what order_service publishes; track_users publishes nothing
}

// Link is a way that can be made bad, and can lose single answers.
type Link struct {
	*proxy.Proxy

	Answers *loss.Answers
}

func (l *Links) open(ctx context.Context, servers [2]*Server, broker int) (err error) {
	l.Refusals = kafkawire.NewRefusals()
	for _, side := range Sides() {
		if l.Postgres[side], err = openLink(ctx, servers[side].Port(), func(answers *loss.Answers, _ int) proxy.Tap {
			return pgwire.NewTap(answers)
		}); err != nil {
			return err
		}
		if l.Broker[side], err = openLink(ctx, broker, func(answers *loss.Answers, port int) proxy.Tap {
			return kafkawire.NewTap(answers, l.Refusals, broker, port)
		}); err != nil {
			return err
		}
	}
	return nil
}

func openLink(ctx context.Context, port int, tap func(answers *loss.Answers, like int) proxy.Tap) (*Link, error) {
	answers := loss.NewAnswers()
	p, err := proxy.Listen(ctx, address(port), func(like int) proxy.Tap { return tap(answers, like) })
	if err != nil {
		return nil, err
	}
	return &Link{Proxy: p, Answers: answers}, nil
}

func (l *Links) close() error {
	var errs []error
	for _, link := range append(l.Postgres[:], l.Broker[:]...) {
		if link != nil {
			errs = append(errs, link.Close())
		}
	}
	return errors.Join(errs...)
}

// Evidence is all that was seen of a fault that is over; it is asked for once.
func (s *Stack) Evidence() *evidence.Log {
	for _, side := range Sides() {
		s.Links.Postgres[side].note(side.Postgres(), s.Seen)
		s.Links.Broker[side].note(side.Broker(), s.Seen)
	}
	return s.Seen
}

func (l *Link) note(name string, seen *evidence.Log) {
	if l == nil {
		return
	}
	suffered := l.Suffered()
	seen.Saw(evidence.Reset(name), int64(suffered.Resets))
	seen.Saw(evidence.Halved(name), int64(suffered.Halves))
	seen.Saw(evidence.Slowed(name), suffered.Delay.Milliseconds())
	seen.Saw(evidence.Held(name), int64(suffered.Held[proxy.ToServer]+suffered.Held[proxy.ToClient]))
	seen.Saw(evidence.HeldToServer(name), int64(suffered.Held[proxy.ToServer]))
	seen.Saw(evidence.HeldToClient(name), int64(suffered.Held[proxy.ToClient]))
}

func (s *Stack) wayToPostgres(side Side) string {
	return way(s.Links.Postgres[side], s.URL(side), s.Postgres[side].Port())
}

// way is an address by way of the link, or straight when there is none.
func way(link *Link, straight string, port int) string {
	if link == nil {
		return straight
	}
	return strings.Replace(straight, ":"+strconv.Itoa(port), ":"+strconv.Itoa(link.Port()), 1)
}
