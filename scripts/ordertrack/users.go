package main

import (
	"fmt"

	"ordertrack/client"
)

type userCommand struct {
	Name string `arg:"" help:"The user's name."`
}

// Run shows a user.
func (c *userCommand) Run(s *session) error {
	ctx, cancel := s.bounded()
	defer cancel()
	user, err := s.users.Get(ctx, c.Name)
	if client.Is(err, client.NotFound) {
		return fmt.Errorf("no order of %q is counted yet: %w", c.Name, err)
	}
	if err != nil {
		return err
	}
	return s.show(user, row(user))
}

type usersCommand struct {
	Top topCommand `cmd:"" default:"withargs" help:"List users, the highest counters first (what users does by itself)."`
}

type topCommand struct {
	Number int    `default:"10" help:"How many at most; 0 for all." short:"n"`
	By     string `default:"counter" enum:"counter,name,created_at" help:"What they are in the order of: ${enum}."`
	Order  string `default:"" enum:",asc,desc" help:"asc or desc; counters come downwards, the rest upwards."`
}

// Run lists users.
func (c *topCommand) Run(s *session) error {
	ctx, cancel := s.bounded()
	defer cancel()
	shown := 0
	for user, err := range s.users.List(ctx, client.Sorting{By: c.By, Order: c.Order, PageSize: page(c.Number)}) {
		if err != nil {
			return err
		}
		if err := s.show(user, row(user)); err != nil {
			return err
		}
		if shown++; shown == c.Number {
			break
		}
	}
	return nil
}

func row(user client.User) string { return fmt.Sprintf("%8d  %s", user.Counter, oneLine(user.Name)) }
