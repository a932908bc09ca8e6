package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-isatty"

	"ordertrack/client"
)

// attempts are fewer than a program's: a person waits.
const attempts = 5

// session is what the commands run with.
type session struct {
	ctx            context.Context
	cli            *cli
	orders         *client.Orders
	users          *client.Users
	stdout, stderr io.Writer
}

// open fails when an address is none.
func open(ctx context.Context, grammar *cli, stdout, stderr io.Writer) (*session, error) {
	s := &session{ctx: ctx, cli: grammar, stdout: stdout, stderr: stderr}
	notice := client.WithNotice(func(r client.Retry) {
		fmt.Fprintf(stderr, "ordertrack: %s; trying again in %v\n", oneLine(r.Err.Error()), r.Pause.Round(100*time.Millisecond))
	})
	var err error
	if s.orders, err = client.NewOrders(grammar.OrdersURL, client.WithAttempts(attempts), notice); err != nil {
		return nil, fmt.Errorf("--orders: %w", err)
	}
	if s.users, err = client.NewUsers(grammar.UsersURL, client.WithAttempts(attempts), notice); err != nil {
		return nil, fmt.Errorf("--users: %w", err)
	}
	return s, nil
}

func (s *session) close() {
	s.orders.Close()
	s.users.Close()
}

// bounded is the context of a command that has an end.
func (s *session) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.ctx, s.cli.Timeout)
}

// show prints a value: as JSON, or as this text.
func (s *session) show(value any, text string) error {
	if !s.cli.JSON {
		_, err := fmt.Fprintln(s.stdout, text)
		return err
	}
	return json.NewEncoder(s.stdout).Encode(value)
}

// explain adds what a person can do about an error.
func (s *session) explain(err error) error {
	if unknown, ok := errors.AsType[*client.UnknownOutcome](err); ok {
		return fmt.Errorf("the order may have been placed: run the same again with --key %s to be sure; %w", unknown.Key, unknown.Err)
	}
	operation, ok := errors.AsType[*net.OpError](err)
	switch {
	case ok && operation.Op == "dial":
		return fmt.Errorf("%w: is it running there? \"make run\" starts it; --orders and --users name other addresses", err)
	case s.ctx.Err() != nil:
		return fmt.Errorf("interrupted: %w", err)
	default:
		return err
	}
}

// oneLine keeps what others wrote from drawing on the terminal.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}

// terminal tells whether a file is a terminal that can be drawn on.
func terminal(file *os.File) bool { return isatty.IsTerminal(file.Fd()) && os.Getenv("TERM") != "dumb" }
