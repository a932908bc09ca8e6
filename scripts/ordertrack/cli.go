package main

import (
	"time"
)

const description = `Places orders, looks them and their users up, and follows the counters.

Examples:
  ordertrack order "Ada" --note "two of them" --wait
  ordertrack orders --name Ada --limit 5
  ordertrack orders show 12
  ordertrack users top -n 3
  ordertrack user "John Doe"
  ordertrack watch
  ordertrack status --json

The addresses are those of "make run" unless ORDERS_URL, USERS_URL, ORDERS_ADMIN_URL and USERS_ADMIN_URL or their flags
name others. With --json each line of the output is a JSON value.

The exit code is 0 when all went well, 1 when something failed (or, of status, when a service is not ready), and 2 for
wrong usage. ("go run" reports each failure as 1: build the program to tell 1 from 2.)`

// cli is the command line.
type cli struct {
	OrdersURL   string        `default:"${ORDERS_URL}"       help:"API of order_service (ORDERS_URL)."              name:"orders"`
	UsersURL    string        `default:"${USERS_URL}"        help:"API of track_users (USERS_URL)."                 name:"users"`
	OrdersAdmin string        `default:"${ORDERS_ADMIN_URL}" help:"Health of order_service (ORDERS_ADMIN_URL)."     name:"orders-admin"`
	UsersAdmin  string        `default:"${USERS_ADMIN_URL}"  help:"Health of track_users (USERS_ADMIN_URL)."        name:"users-admin"`
	JSON        bool          `help:"Print JSON, a value a line."                                                   name:"json"`
	Timeout     time.Duration `default:"30s"                 help:"How long a command may take, retries and waits included; not watch."`

	Order  orderCommand  `cmd:"" help:"Place an order: once, however often it must be sent."`
	Orders ordersCommand `cmd:"" help:"List orders, newest first, or show one."`
	User   userCommand   `cmd:"" help:"Show a user's counter."`
	Users  usersCommand  `cmd:"" help:"List users, the highest counters first."`
	Watch  watchCommand  `cmd:"" help:"Follow the counters live, until Ctrl-C."`
	Status statusCommand `cmd:"" help:"Tell whether both services are ready, and what is still to do."`
}
