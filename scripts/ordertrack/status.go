package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"ordertrack/client"
	"ordertrack/client/ordersapi"
)

const (
	probeLimit = 5 * time.Second
	maxProbe   = 4 << 10 // bytes of an answer that are read
	maxNamed   = 3       // lanes
	freshMarks = 3 * time.Second
)

type statusCommand struct{}

// health is what a service says of itself.
type health struct {
	Ready bool   `json:"ready"`
	Says  string `json:"says,omitempty"` // why it is not
}

type status struct {
	Orders health             `json:"order_service"`
	Users  health             `json:"track_users"`
	Placed *client.OrderStats `json:"orders,omitempty"` // missing when order_service does not tell
	Stats  *client.Stats      `json:"stats,omitempty"`  // missing when track_users does not tell
}

var errNotReady = errors.New("not all is ready")

// Run tells how both services are.
func (statusCommand) Run(s *session) error {
	ctx, cancel := s.bounded()
	defer cancel()
	var (
		now         status
		placed      client.OrderStats
		stats       client.Stats
		failed, err error
		both        sync.WaitGroup
	)
	both.Go(func() {
		now.Orders = probe(ctx, s.cli.OrdersAdmin)
		if placed, failed = s.orders.Stats(ctx); failed == nil {
			now.Placed = &placed
		}
	})
	both.Go(func() {
		now.Users = probe(ctx, s.cli.UsersAdmin)
		if stats, err = s.users.Stats(ctx); err == nil {
			now.Stats = &stats
		}
	})
	both.Wait()
	if shown := s.show(now, now.text()); shown != nil {
		return shown
	}
	if err = errors.Join(failed, err); err == nil && (!now.Orders.Ready || !now.Users.Ready) {
		return errNotReady
	}
	return err
}

func (s status) text() string {
	text := fmt.Sprintf("order_service  %s\ntrack_users    %s", s.Orders, s.Users)
	if s.Placed != nil {
		text += "\n" + placedSummary(*s.Placed)
	}
	if s.Stats != nil {
		text += "\n" + summary(*s.Stats)
	}
	if s.Placed != nil && s.Placed.Lag != nil {
		text += behind(*s.Placed.Lag)
	}
	return text
}

func (h health) String() string {
	if h.Ready {
		return "ready"
	}
	return "not ready: " + oneLine(h.Says)
}

// placedSummary is of the orders. Those that are not counted are told exactly, if track_users was ever asked.
func placedSummary(stats client.OrderStats) string {
	text := fmt.Sprintf("%s, %d of them not published", count(stats.Orders, "order"), stats.Orders-stats.Published)
	if stats.Lag == nil {
		return text
	}
	text += fmt.Sprintf(", %d not counted", stats.Lag.Events)
	if age := stats.At.Sub(stats.Lag.AppliedAt); age > freshMarks {
		text += fmt.Sprintf(" by what track_users told %.0f s before", age.Seconds())
	}
	return text
}

func summary(stats client.Stats) string {
	text := fmt.Sprintf("%s, %s counted (%d of them foreign), %d parked", count(stats.Users, "user"),
		count(stats.EventsCounted, "order"), stats.EventsForeign, stats.EventsParked)
	switch {
	case stats.Lag == nil:
		return text + "\nlag: not known, the broker cannot be asked"
	case stats.Lag.OldestAgeSeconds != nil:
		return text + fmt.Sprintf("\nlag: %s, the oldest placed %.1f s ago", count(stats.Lag.Events, "event"), *stats.Lag.OldestAgeSeconds)
	default:
		return text + "\nlag: " + count(stats.Lag.Events, "event")
	}
}

// behind names the lanes that are the furthest behind, if any is.
func behind(lag ordersapi.Lag) string {
	lanes := slices.Clone(lag.Lanes)
	slices.SortStableFunc(lanes, func(a, b ordersapi.LaneLag) int { return cmp.Compare(b.Events, a.Events) })
	late := 0
	for late < len(lanes) && lanes[late].Events > 0 {
		late++
	}
	if late == 0 {
		return ""
	}
	names := make([]string, 0, maxNamed)
	for _, l := range lanes[:min(late, maxNamed)] {
		names = append(names, fmt.Sprintf("lane %d by %d", l.Lane, l.Events))
	}
	return fmt.Sprintf("\nbehind: %s, the furthest %s", count(int64(late), "lane"), strings.Join(names, ", "))
}

// probe asks a service's admin port, once: what it says is of now.
func probe(ctx context.Context, admin string) health {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(admin, "/")+"/readyz", http.NoBody)
	if err != nil {
		return health{Says: err.Error()}
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return health{Says: err.Error()}
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxProbe))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return health{Says: err.Error()}
	}
	if response.StatusCode != http.StatusOK {
		return health{Says: strings.TrimSpace(string(text))}
	}
	return health{Ready: true}
}
