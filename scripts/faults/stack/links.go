package stack

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/httpwire"
	"ordertrack/scripts/faults/kafkawire"
	"ordertrack/scripts/faults/loss"
	"ordertrack/scripts/faults/pgwire"
	"ordertrack/scripts/faults/proxy"
)

// Links are all ways between two parts of a system that is proxied, by Side: the services' to PostgreSQL and to the broker,
// of which all replicas of a service share one each; and those to the API of the first replica of each service, from the
// clients to order_service and from order_service to track_users.
type Links struct {
	Postgres, Broker, API [2]*Link

	Refusals *kafkawire.Refusals // of what order_service publishes; track_users publishes nothing
}

// Link is a way that can be made bad, and can lose single answers.
type Link struct {
	*proxy.Proxy

	Answers *loss.Answers
	Halves  *loss.Answers // of which only the beginning arrives; of an API
}

// open opens the ways to these ports, which the APIs need not listen on yet.
func (l *Links) open(ctx context.Context, servers [2]*Server, broker int, apis [2]int) (err error) {
	l.Refusals = kafkawire.NewRefusals()
	for _, side := range Sides() {
		for _, way := range []struct {
			link **Link
			port int
			tap  func(l *Link, like int) proxy.Tap
		}{
			{&l.Postgres[side], servers[side].Port(), func(l *Link, _ int) proxy.Tap { return pgwire.NewTap(l.Answers) }},
			{&l.Broker[side], broker, func(way *Link, port int) proxy.Tap {
				return kafkawire.NewTap(way.Answers, l.Refusals, broker, port)
			}},
			{&l.API[side], apis[side], func(l *Link, _ int) proxy.Tap { return httpwire.NewTap(l.Answers, l.Halves) }},
		} {
			if *way.link, err = openLink(ctx, way.port, way.tap); err != nil {
				return err
			}
		}
	}
	return nil
}

func openLink(ctx context.Context, port int, tap func(l *Link, like int) proxy.Tap) (*Link, error) {
	link := &Link{Answers: loss.NewAnswers(), Halves: loss.NewAnswers()}
	p, err := proxy.Listen(ctx, address(port), func(like int) proxy.Tap { return tap(link, like) })
	if err != nil {
		return nil, err
	}
	link.Proxy = p
	return link, nil
}

func (l *Links) close() error {
	var errs []error
	for _, link := range slices.Concat(l.Postgres[:], l.Broker[:], l.API[:]) {
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
		s.Links.API[side].note(side.API(), s.Seen)
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

// ClientURLs are the APIs of order_service as clients reach them: the replicas that are meant to run.
func (s *Stack) ClientURLs() []string {
	urls := s.Orders.APIs()
	if link := s.Links.API[OrdersSide]; link != nil && s.Orders[0].isWanted() {
		urls[0] = "http://" + address(link.Port())
	}
	return urls
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
