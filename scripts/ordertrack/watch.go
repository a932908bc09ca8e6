package main

import (
	"time"

	"ordertrack/client"
)

type watchCommand struct {
	Number int `default:"10" help:"How many users are shown in a terminal." short:"n"`
}

// Run follows the counters until it is interrupted, which is its end and no failure.
func (c *watchCommand) Run(s *session) error {
	show := s.lines
	if !s.cli.JSON && isTerminal(s.stdout) {
		show = newBoard(s, c.Number).change
	}
	for change, err := range s.users.Watch(s.ctx, "") {
		if s.ctx.Err() != nil {
			return nil
		}
		if err == nil {
			err = show(change)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// missed is what is printed when changes were missed.
type missed struct {
	Missed bool `json:"missed"`
}

// lines prints each change on a line of its own.
func (s *session) lines(change client.Change) error {
	now := time.Now().Format(time.TimeOnly)
	if change.Missed {
		return s.show(missed{true}, now+"  changes were missed")
	}
	for _, user := range change.Users {
		if err := s.show(user, now+row(user)); err != nil {
			return err
		}
	}
	return nil
}
