package main

import (
	"fmt"
	"time"

	"ordertrack/client"
)

// maxPage is the largest page of both services.
const maxPage = 1000

type orderCommand struct {
	Name string `arg:"" help:"Who orders."`
	Note string `help:"What they write beside it." short:"n"`
	Wait bool   `help:"Wait until the order is counted, and print the counter." short:"w"`
	Key  string `help:"Idempotency-Key: the same key and order again makes no second one."`
}

// placed is what is printed of an order.
type placed struct {
	OrderID int64        `json:"order_id"`
	Token   string       `json:"token"`
	Key     string       `json:"key"`
	User    *client.User `json:"user,omitempty"` // once it is counted
}

// Run places the order.
func (c *orderCommand) Run(s *session) error {
	ctx, cancel := s.bounded()
	defer cancel()
	begin := time.Now()
	order, err := s.orders.Place(ctx, client.Draft{Name: c.Name, Note: c.Note}, client.WithKey(c.Key))
	if err != nil {
		return err
	}
	value := placed{OrderID: order.ID, Token: order.Token, Key: order.Key}
	if !c.Wait {
		return s.show(value, fmt.Sprintf("order %d is placed", order.ID))
	}
	// The order is placed, so that the wait's end is no failure to hide it behind: the margin lets the service tell it.
	const margin = time.Second
	user, err := s.users.After(ctx, c.Name, order.Token, max(0, s.cli.Timeout-time.Since(begin)-margin))
	if err != nil {
		if shown := s.show(value, fmt.Sprintf("order %d is placed", order.ID)); shown != nil {
			return shown
		}
		return fmt.Errorf("it is not known to be counted: \"ordertrack orders show %d\" tells: %w", order.ID, err)
	}
	value.User = &user
	return s.show(value, fmt.Sprintf("order %d is counted: %s has %s", order.ID, oneLine(user.Name), count(user.Counter, "order")))
}

type ordersCommand struct {
	List listCommand `cmd:"" default:"withargs" help:"List orders, newest first (what orders does by itself)."`
	Show showCommand `cmd:"" help:"Show an order, and how far it is."`
}

type listCommand struct {
	Name   string    `help:"Only orders of this name."`
	After  time.Time `help:"Only orders of this time or later, RFC 3339." placeholder:"TIME"`
	Before time.Time `help:"Only orders before this time, RFC 3339." placeholder:"TIME"`
	Limit  int       `default:"20" help:"How many at most; 0 for all."`
}

// Run lists orders.
func (c *listCommand) Run(s *session) error {
	ctx, cancel := s.bounded()
	defer cancel()
	filter := client.Filter{Name: c.Name, CreatedAfter: c.After, CreatedBefore: c.Before, PageSize: page(c.Limit)}
	shown := 0
	for order, err := range s.orders.List(ctx, filter) {
		if err != nil {
			return err
		}
		if err := s.show(order, line(order)); err != nil {
			return err
		}
		if shown++; shown == c.Limit {
			break
		}
	}
	return nil
}

func line(order client.ListedOrder) string {
	return fmt.Sprintf("%8d  %s  %s  %s", order.ID, order.CreatedAt.Local().Format(time.DateTime), oneLine(order.Name), oneLine(order.Note))
}

// page is how many to ask for at once.
func page(limit int) int {
	if limit <= 0 {
		return maxPage
	}
	return min(limit, maxPage)
}

type showCommand struct {
	ID int64 `arg:"" help:"The order's id."`
}

// Run shows an order.
func (c *showCommand) Run(s *session) error {
	ctx, cancel := s.bounded()
	defer cancel()
	order, err := s.orders.Get(ctx, c.ID)
	if err != nil {
		return err
	}
	return s.show(order, fmt.Sprintf("order %d is %s\nname   %s\nnote   %s\nplaced %s\nplace  sequence %d of lane %d in %s\ntoken  %s",
		order.ID, order.Status, oneLine(order.Name), oneLine(order.Note), order.CreatedAt.Local().Format(time.RFC3339),
		order.Place.Sequence, order.Place.Lane, order.Place.Source, order.Place.Token))
}

func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
