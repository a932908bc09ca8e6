package retransmitting

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"ordertrack/order_service/internal/domain"
)

// due keeps the places whose pause is over, and begins their next one, which is twice as long.
func (r *Retransmitter) due(lost map[domain.LogLane]domain.Place) []domain.Place {
	now := time.Now()
	var due []domain.Place
	for number, place := range lost {
		l, ok := r.lanes[number]
		if !ok {
			l = &lane{}
			r.lanes[number] = l
		}
		if now.Before(l.next) {
			continue
		}
		l.place, l.next = place, now.Add(r.limits.Pause.Delay(l.attempts))
		l.attempts++
		due = append(due, place)
	}
	slices.SortFunc(due, func(a, b domain.Place) int { return cmp.Or(cmp.Compare(a.LogID, b.LogID), cmp.Compare(a.Lane, b.Lane)) })
	return due
}

// forgetMoved lets lanes that have moved since they were sent again begin with short pauses.
func (r *Retransmitter) forgetMoved(lacking map[domain.LogLane]domain.Place) {
	for number, l := range r.lanes {
		if lacking[number] != l.place {
			delete(r.lanes, number)
		}
	}
}

// send publishes the lanes again from where they lack, for one round. What is left comes in the next: the lanes will
// lack it still.
func (r *Retransmitter) send(ctx context.Context, archive Archive, lost []domain.Place) error {
	sent := 0
	for _, place := range lost {
		for sent < r.limits.Round {
			events, err := archive.From(ctx, place, r.limits.Batch)
			if err != nil {
				return fmt.Errorf("read lost events: %w", err)
			}
			if len(events) == 0 {
				break
			}
			if err := r.publish(ctx, events); err != nil {
				return err
			}
			sent += len(events)
			place.Sequence += int64(len(events))
		}
	}
	if sent > 0 {
		r.log.WarnContext(ctx, "published again what Kafka has lost", "lanes", len(lost), "events", sent)
	}
	return nil
}

func (r *Retransmitter) publish(ctx context.Context, events []domain.Placed) error {
	limited, cancel := context.WithTimeout(ctx, r.limits.Publish)
	defer cancel()
	acknowledged, err := r.wire.Publish(limited, events)
	r.meter.Retransmitted(acknowledged)
	if err != nil {
		return fmt.Errorf("publish again: %w", err)
	}
	return nil
}
