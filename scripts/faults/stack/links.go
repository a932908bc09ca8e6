package stack

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"ordertrack/scripts/faults/kafkawire"
	"ordertrack/scripts/faults/loss"
	"ordertrack/scripts/faults/pgwire"
	"ordertrack/scripts/faults/proxy"
)

// Links are the services' ways to PostgreSQL and to the broker, in a system that is proxied. All replicas of a service
// share one of each.
type Links struct {
	OrdersPostgres, TrackPostgres *Link
	OrdersBroker, TrackBroker     *Link
}

// Link is a way that can be made bad, and can lose single answers.
type Link struct {
	*proxy.Proxy

	Answers *loss.Answers
}

func (l *Links) open(ctx context.Context, postgres, broker int) (err error) {
	toPostgres := func(answers *loss.Answers) func(int) proxy.Tap {
		return func(int) proxy.Tap { return pgwire.NewTap(answers) }
	}
	toBroker := func(answers *loss.Answers) func(int) proxy.Tap {
		return func(port int) proxy.Tap { return kafkawire.NewTap(answers, broker, port) }
	}
	for _, way := range []struct {
		link **Link
		port int
		tap  func(*loss.Answers) func(int) proxy.Tap
	}{
		{&l.OrdersPostgres, postgres, toPostgres},
		{&l.TrackPostgres, postgres, toPostgres},
		{&l.OrdersBroker, broker, toBroker},
		{&l.TrackBroker, broker, toBroker},
	} {
		answers := loss.NewAnswers()
		p, err := proxy.Listen(ctx, address(way.port), way.tap(answers))
		if err != nil {
			return err
		}
		*way.link = &Link{Proxy: p, Answers: answers}
	}
	return nil
}

func (l *Links) close() error {
	var err error
	for _, link := range append(l.Postgres(), l.Broker()...) {
		err = errors.Join(err, link.Close())
	}
	return err
}

// Postgres are the links to PostgreSQL.
func (l *Links) Postgres() []*Link { return present(l.OrdersPostgres, l.TrackPostgres) }

// Broker are the links to the broker.
func (l *Links) Broker() []*Link { return present(l.OrdersBroker, l.TrackBroker) }

func present(links ...*Link) []*Link {
	var there []*Link
	for _, link := range links {
		if link != nil {
			there = append(there, link)
		}
	}
	return there
}

// way is an address by way of the link, or straight when there is none.
func way(link *Link, straight string, port int) string {
	if link == nil {
		return straight
	}
	return strings.Replace(straight, ":"+strconv.Itoa(port), ":"+strconv.Itoa(link.Port()), 1)
}
