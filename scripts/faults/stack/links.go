package stack

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"ordertrack/scripts/faults/pgwire"
	"ordertrack/scripts/faults/proxy"
)

// Links are the services' ways to PostgreSQL in a system that is proxied. All replicas of a service share one.
type Links struct {
	Orders *Link
	Track  *Link
}

// Link is a way that can be made bad, and can lose single answers.
type Link struct {
	*proxy.Proxy

	Answers *pgwire.Answers
}

func (l *Links) open(ctx context.Context, port int) error {
	for _, link := range []**Link{&l.Orders, &l.Track} {
		answers := pgwire.NewAnswers()
		way, err := proxy.Listen(ctx, address(port), func() proxy.Tap { return answers.Tap() })
		if err != nil {
			return err
		}
		*link = &Link{Proxy: way, Answers: answers}
	}
	return nil
}

func (l *Links) close() error {
	var err error
	for _, link := range l.Both() {
		err = errors.Join(err, link.Close())
	}
	return err
}

// Both are the links there are.
func (l *Links) Both() []*Link {
	var links []*Link
	for _, link := range []*Link{l.Orders, l.Track} {
		if link != nil {
			links = append(links, link)
		}
	}
	return links
}

// url is the address of a database by way of the link, or straight when there is none.
func (s *Stack) url(link *Link, database string) string {
	straight := s.Postgres.URL(database)
	if link == nil {
		return straight
	}
	return strings.Replace(straight, ":"+strconv.Itoa(s.Postgres.Port())+"/", ":"+strconv.Itoa(link.Port())+"/", 1)
}

func (s *Stack) ordersURL() string { return s.url(s.Links.Orders, "orders") }
func (s *Stack) trackURL() string  { return s.url(s.Links.Track, "track_users") }
