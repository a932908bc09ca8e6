// Package retransmitting is the use case of publishing again what the wire has lost, as TCP sends again what was not
// acknowledged. It does so when, and only when, the receiver is known to have read past an event and still lacks it: a
// receiver that is down or slow is never sent anything twice.
package retransmitting

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/backoff"
)

// Limits bound how often is asked and how much is sent.
type Limits struct {
	Every   time.Duration  // between questions to the receiver
	Ask     time.Duration  // how long one question may take
	Batch   int            // events that are outstanding at once, at most
	Round   int            // events that are sent again before the relay goes on
	Publish time.Duration  // how long one batch may take
	Pause   backoff.Policy // between two retransmissions of a lane that does not move
	Recheck int            // questions after which the topic is looked at again: it may have been created anew
}

// DefaultLimits suit a receiver nearby.
func DefaultLimits() Limits {
	return Limits{
		Every: time.Second, Ask: 3 * time.Second, Batch: 2000, Round: 50_000, Publish: 30 * time.Second,
		Pause: backoff.Policy{Base: 2 * time.Second, Max: time.Minute}, Recheck: 5,
	}
}

// Retransmitter finds what was lost and publishes it again. Run asks the receiver; Repair does the rest, in the turn of
// the relay that leads.
type Retransmitter struct {
	receiver Receiver
	wire     Wire
	meter    Meter
	log      *slog.Logger
	limits   Limits

	wanted atomic.Bool                     // whether a relay leads here
	answer atomic.Pointer[domain.Progress] // the receiver's last one that was not looked at yet

	seen  map[domain.LogLane]domain.Place // lacking at the last look, by lane
	probe *probe
	lanes map[domain.LogLane]*lane
}

// probe is a suspicion: these places had been published when the partitions ended there.
type probe struct {
	lacking map[domain.LogLane]domain.Place
	ends    domain.Offsets
	looks   int
}

// lane is what was done about a lane.
type lane struct {
	place    domain.Place // that was sent again last
	attempts int
	next     time.Time
}

// New makes a retransmitter.
func New(receiver Receiver, wire Wire, meter Meter, log *slog.Logger, limits Limits) *Retransmitter {
	return &Retransmitter{
		receiver: receiver, wire: wire, meter: meter, log: log, limits: limits, lanes: make(map[domain.LogLane]*lane),
	}
}

// Run asks the receiver how far it is, again and again while a relay leads here, until ctx ends.
func (r *Retransmitter) Run(ctx context.Context) error {
	failing := false
	for backoff.Sleep(ctx, r.limits.Every) == nil {
		if r.wanted.Swap(false) {
			failing = r.ask(ctx, failing)
		}
	}
	return nil
}

// ask keeps the receiver's answer for the relay, and logs when there begins or ceases to be none.
func (r *Retransmitter) ask(ctx context.Context, failing bool) bool {
	limited, cancel := context.WithTimeout(ctx, r.limits.Ask)
	defer cancel()
	progress, err := r.receiver.Progress(limited)
	if err != nil {
		if !failing && ctx.Err() == nil {
			r.log.WarnContext(ctx, "cannot ask track_users how far it is", "error", err)
		}
		return true
	}
	if failing {
		r.log.InfoContext(ctx, "track_users tells again how far it is")
	}
	r.answer.Store(&progress)
	return false
}

// Repair publishes again what is known to be lost. It does nothing when the receiver has not said anything new.
func (r *Retransmitter) Repair(ctx context.Context, archive Archive) error {
	r.wanted.Store(true)
	progress := r.answer.Swap(nil)
	if progress == nil {
		return nil
	}
	places, err := archive.Lacking(ctx, progress.Applied)
	if err != nil {
		return fmt.Errorf("look for lost events: %w", err)
	}
	lost, err := r.judge(ctx, byLane(places), progress.Read)
	if err != nil {
		return err
	}
	return r.send(ctx, archive, lost)
}

// judge returns what is lost for certain.
func (r *Retransmitter) judge(ctx context.Context, lacking map[domain.LogLane]domain.Place, read domain.Offsets) ([]domain.Place, error) {
	stuck := same(r.seen, lacking)
	r.seen = lacking
	r.forgetMoved(lacking)
	if r.probe != nil {
		r.probe.lacking = same(r.probe.lacking, lacking)
	}
	switch {
	case len(stuck) == 0:
		r.probe = nil
		return nil, nil
	case r.probe == nil || len(r.probe.lacking) == 0:
		return nil, r.suspect(ctx, stuck)
	case read.Cover(r.probe.ends):
		lost := r.probe.lacking
		r.probe = nil // what is sent again now has other ends
		return r.due(lost), nil
	}
	r.probe.looks++
	if r.probe.looks%r.limits.Recheck == 0 {
		return nil, r.recheck(ctx, stuck)
	}
	return nil, nil
}

// suspect notes where the partitions end after what is stuck was published.
func (r *Retransmitter) suspect(ctx context.Context, stuck map[domain.LogLane]domain.Place) error {
	ends, err := r.wire.Ends(ctx)
	if err != nil {
		return fmt.Errorf("look where the topic ends: %w", err)
	}
	r.probe = &probe{lacking: stuck, ends: ends}
	return nil
}

// recheck begins anew when the topic is another one, or has lost its newest records, since nobody may ever read to the
// ends of before. Otherwise these stay as they were noted: those of now would run away from a receiver that is behind.
func (r *Retransmitter) recheck(ctx context.Context, stuck map[domain.LogLane]domain.Place) error {
	ends, err := r.wire.Ends(ctx)
	if err != nil {
		return fmt.Errorf("look where the topic ends: %w", err)
	}
	for partition, noted := range r.probe.ends {
		if end, there := ends[partition]; !there || end < noted {
			r.probe = &probe{lacking: stuck, ends: ends}
			return nil
		}
	}
	return nil
}

func byLane(places []domain.Place) map[domain.LogLane]domain.Place {
	lanes := make(map[domain.LogLane]domain.Place, len(places))
	for _, place := range places {
		lanes[place.LogLane()] = place
	}
	return lanes
}

// same keeps the places that are the same in both.
func same(before, now map[domain.LogLane]domain.Place) map[domain.LogLane]domain.Place {
	both := make(map[domain.LogLane]domain.Place)
	for number, place := range before {
		if now[number] == place {
			both[number] = place
		}
	}
	return both
}
