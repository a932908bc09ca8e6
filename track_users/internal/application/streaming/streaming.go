// Package streaming is the use case of following counters live: whoever follows is told which users changed.
package streaming

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"ordertrack/shared/backoff"
	"ordertrack/track_users/internal/domain"
)

// What following may end with.
var (
	ErrUnavailable = errors.New("the changes cannot be read now")
	ErrFull        = errors.New("too many clients follow already")
	ErrStopping    = errors.New("the service is stopping")
)

// Limits bound what following costs.
type Limits struct {
	Clients int           // that follow at once
	Every   time.Duration // between two frames, at least
	Share   int           // the database is asked for one part of the time in so many
	Users   int           // in one frame; when more have changed, the frame says that some were missed
	Frames  int           // that a client may be behind; then it is dropped
	Beat    time.Duration // between two frames at most, so that a broken connection is noticed
	Keep    time.Duration // how long changes are kept for clients that come back, several beats
}

// DefaultLimits are at most ten frames a second, of up to 10,000 users.
func DefaultLimits(clients int) Limits {
	return Limits{
		Clients: clients, Every: 100 * time.Millisecond, Share: 10, Users: 10_000, Frames: 16,
		Beat: 15 * time.Second, Keep: time.Minute,
	}
}

// Frame is what clients are told at once. One without users that missed none is a sign of life.
type Frame struct {
	Position Position
	Users    []domain.User
	Missed   bool // changes were missed: what the client knows may be old
}

// Client is one that follows.
type Client struct {
	frames chan []byte
	from   Position // where it goes on, empty for now
}

// Frames are the encoded frames. The channel is closed when the client was dropped, or the service stops.
func (c *Client) Frames() <-chan []byte { return c.frames }

// Hub reads changes once for all who follow, and only while somebody does.
type Hub struct {
	changes Changes
	encode  func(Frame) []byte
	meter   Meter
	log     *slog.Logger
	limits  Limits

	some    chan struct{} // has a token when somebody has joined
	failing bool          // whether the last question failed; Run's own
	kept    []kept        // positions that are not forgotten yet, the oldest first; Run's own

	mu      sync.Mutex
	stopped bool
	joining []*Client // not yet told anything
	clients map[*Client]struct{}
}

// New makes a hub. encode makes the bytes of a frame, which all clients share.
func New(changes Changes, encode func(Frame) []byte, meter Meter, log *slog.Logger, limits Limits) *Hub {
	return &Hub{
		changes: changes, encode: encode, meter: meter, log: log, limits: limits,
		some: make(chan struct{}, 1), clients: make(map[*Client]struct{}),
	}
}

// Join begins to follow, behind a position or from now on. The first frame comes at once. Errors: ErrFull, ErrStopping.
func (h *Hub) Join(from Position) (*Client, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.stopped:
		return nil, ErrStopping
	case len(h.clients) >= h.limits.Clients:
		return nil, ErrFull
	}
	c := &Client{frames: make(chan []byte, h.limits.Frames), from: from}
	h.clients[c] = struct{}{}
	h.joining = append(h.joining, c)
	h.meter.Following(len(h.clients))
	select {
	case h.some <- struct{}{}:
	default:
	}
	return c, nil
}

// Leave ends following. Twice is fine, and so is a client that was dropped.
func (h *Hub) Leave(c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(c)
}

// drop needs the lock.
func (h *Hub) drop(c *Client) bool {
	if _, there := h.clients[c]; !there {
		return false
	}
	delete(h.clients, c)
	close(c.frames)
	h.meter.Following(len(h.clients))
	return true
}

// Stop ends all streams, and those that begin later.
func (h *Hub) Stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	for c := range h.clients {
		h.drop(c)
	}
}

// Run reads and tells until ctx ends.
func (h *Hub) Run(ctx context.Context) error {
	tidy := time.NewTicker(h.limits.Keep / 4)
	defer tidy.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tidy.C:
			h.tidy(ctx)
		case <-h.some:
			h.follow(ctx, tidy.C)
		}
	}
}

// follow runs while somebody follows.
func (h *Hub) follow(ctx context.Context, tidy <-chan time.Time) {
	var (
		at   Position
		told = time.Now()
	)
	retry := backoff.Policy{Base: h.limits.Every, Max: time.Second}
	for failures := 0; ctx.Err() == nil && h.following(); {
		begin := time.Now()
		err := h.round(ctx, &at, &told)
		h.report(ctx, err)
		rest := max(h.limits.Every, time.Duration(h.limits.Share-1)*time.Since(begin))
		if err != nil {
			rest = retry.Delay(failures)
			failures++
		} else {
			failures = 0
		}
		if backoff.Sleep(ctx, rest) != nil {
			return
		}
		select {
		case <-tidy:
			h.tidy(ctx)
		default:
		}
	}
}

// round tells everybody what is new to them.
func (h *Hub) round(ctx context.Context, at *Position, told *time.Time) error {
	joining := h.takeJoining()
	if *at == "" {
		now, err := h.changes.Now(ctx)
		if err != nil {
			h.giveBack(joining)
			return err
		}
		*at = now
	} else {
		changed, err := h.changes.Since(ctx, *at, h.limits.Users)
		if err != nil {
			h.giveBack(joining)
			return err
		}
		*at = changed.At
		if len(changed.Users) > 0 || changed.Missed || time.Since(*told) >= h.limits.Beat {
			*told = time.Now()
			h.broadcast(Frame{Position: changed.At, Users: changed.Users, Missed: changed.Missed}, joining)
		}
	}
	return h.welcome(ctx, *at, joining)
}

// welcome tells those that have joined what they missed. Those that left a replica together come back with the same
// position, and are told the same.
func (h *Hub) welcome(ctx context.Context, at Position, joining []*Client) error {
	frames := map[Position][]byte{"": h.encode(Frame{Position: at})}
	for i, c := range joining {
		frame, made := frames[c.from]
		if !made {
			changed, err := h.changes.Since(ctx, c.from, h.limits.Users)
			if err != nil {
				h.giveBack(joining[i:])
				return err
			}
			frame = h.encode(Frame{Position: at, Users: changed.Users, Missed: changed.Missed})
			frames[c.from] = frame
		}
		h.send(frame, c)
	}
	return nil
}

// broadcast sends a frame to all but those that are yet to be welcomed.
func (h *Hub) broadcast(frame Frame, but []*Client) {
	bytes := h.encode(frame)
	skip := make(map[*Client]bool, len(but))
	for _, c := range but {
		skip[c] = true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.joining {
		skip[c] = true
	}
	for c := range h.clients {
		if !skip[c] {
			h.sendLocked(bytes, c)
		}
	}
}

func (h *Hub) send(bytes []byte, c *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, there := h.clients[c]; there {
		h.sendLocked(bytes, c)
	}
}

// sendLocked drops a client that is too far behind: it would be told old news.
func (h *Hub) sendLocked(bytes []byte, c *Client) {
	select {
	case c.frames <- bytes:
	default:
		if h.drop(c) {
			h.meter.Dropped()
		}
	}
}

func (h *Hub) takeJoining() []*Client {
	h.mu.Lock()
	defer h.mu.Unlock()
	joining := h.joining
	h.joining = nil
	return joining
}

// giveBack has those welcomed in the next round whom a failure kept from it.
func (h *Hub) giveBack(joining []*Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.joining = append(joining, h.joining...)
}

func (h *Hub) following() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.clients) > 0
}

// report tells of a failure once, until it is over.
func (h *Hub) report(ctx context.Context, err error) {
	if err != nil && !h.failing && ctx.Err() == nil {
		h.log.WarnContext(ctx, "cannot read the changes for those who follow", "error", err)
	}
	h.failing = err != nil
}
