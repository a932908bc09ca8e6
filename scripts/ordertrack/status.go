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
	"time"

	"ordertrack/client"
	"ordertrack/client/usersapi"
)

const (
	probeLimit = 5 * time.Second
	maxProbe   = 4 << 10 // bytes of an answer that are read
	maxNamed   = 3       // lanes
)

type statusCommand struct{}

// health is what a service says of itself.
type health struct {
	Ready bool   `json:"ready"`
	Says  string `json:"says,omitempty"` // why it is not
}

type status struct {
	Orders health        `json:"order_service"`
	Users  health        `json:"track_users"`
	Stats  *client.Stats `json:"stats,omitempty"` // missing when track_users does not tell
}

var errNotReady = errors.New("not all is ready")

// Run tells how both services are.
func (statusCommand) Run(s *session) error {
	ctx, cancel := s.bounded()
	defer cancel()
	now := status{Orders: probe(ctx, s.cli.OrdersAdmin), Users: probe(ctx, s.cli.UsersAdmin)}
	stats, err := s.users.Stats(ctx)
	if err == nil {
		now.Stats = &stats
	}
	text := fmt.Sprintf("order_service  %s\ntrack_users    %s", now.Orders, now.Users)
	if now.Stats != nil {
		text += "\n" + summary(stats)
	}
	if shown := s.show(now, text); shown != nil {
		return shown
	}
	if err == nil && (!now.Orders.Ready || !now.Users.Ready) {
		return errNotReady
	}
	return err
}

func (h health) String() string {
	if h.Ready {
		return "ready"
	}
	return "not ready: " + oneLine(h.Says)
}

func summary(stats client.Stats) string {
	text := fmt.Sprintf("%s, %s counted (%d of them foreign), %d parked", count(stats.Users, "user"),
		count(stats.EventsCounted, "order"), stats.EventsForeign, stats.EventsParked)
	if stats.Lag == nil {
		return text + "\nlag: not known, the broker cannot be asked"
	}
	text += "\nlag: " + count(stats.Lag.Events, "event")
	if stats.Lag.OldestAgeSeconds != nil {
		text += fmt.Sprintf(", the oldest placed %.1f s ago", *stats.Lag.OldestAgeSeconds)
	}
	return text + behind(*stats.Lag)
}

// behind names the lanes that are the furthest behind, if any is.
func behind(lag usersapi.Lag) string {
	lanes := slices.Clone(lag.Lanes)
	slices.SortStableFunc(lanes, func(a, b usersapi.LaneLag) int { return cmp.Compare(b.Events, a.Events) })
	late := 0
	for late < len(lanes) && lanes[late].Events > 0 {
		late++
	}
	if late == 0 {
		return ""
	}
	var names []string
	for _, l := range lanes[:min(late, maxNamed)] {
		names = append(names, fmt.Sprintf("lane %d by %d", l.Lane, l.Events))
	}
	return fmt.Sprintf("\nbehind: %d of %s, the furthest %s", late, count(int64(len(lanes)+leftOut(lag)), "lane"), strings.Join(names, ", "))
}

func leftOut(lag usersapi.Lag) int {
	if lag.LanesLeftOut == nil {
		return 0
	}
	return *lag.LanesLeftOut
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
