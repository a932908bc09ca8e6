package tallying

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ordertrack/track_users/internal/domain"
)

// ReasonRefused is the reason of an event that the ledger itself refused.
const ReasonRefused = "refused"

// applyAll applies everything that is next in order. With look it also asks for lanes that wait for another consumer.
func (t *Tally) applyAll(ctx context.Context, feed Feed, look bool) error {
	for scope := t.window.Scope(look); !scope.IsEmpty(); scope = t.window.Scope(false) {
		begin := time.Now()
		effects, forgotten, err := t.apply(ctx, feed, scope)
		if err != nil {
			return err
		}
		if forgotten > 0 {
			t.looks = 0
		}
		t.meter.Applied(summarize(effects, t.repeats+forgotten-len(effects.Taken), time.Since(begin)))
		t.repeats = 0
	}
	return nil
}

// apply applies one scope, and narrows down what the ledger refuses until the one event that it refuses is found. That
// one is parked. When the ledger refuses even that, nothing can be done but to try again: no event is ever skipped.
func (t *Tally) apply(
	ctx context.Context, feed Feed, scope domain.Scope,
) (effects domain.Effects, forgotten int, err error) {
	for {
		var marks domain.Marks
		err = t.persist(ctx, "apply events", func() error {
			var err error
			effects = domain.Effects{} // a try that fails before the decision must not be judged by the one before
			marks, err = t.ledger.Apply(context.WithoutCancel(ctx), scope, func(m domain.Marks) domain.Effects {
				effects = t.window.Plan(m, t.size)
				return effects
			})
			return unlessRefused(err, effects)
		})
		if err == nil {
			t.size = min(t.size*2, t.limits.Batch)
			t.ear.tell(marks.Lanes)
			return effects, t.window.Settle(marks), nil
		}
		if ctx.Err() != nil {
			return effects, 0, context.Cause(ctx)
		}
		if err := t.narrow(ctx, feed, effects, err); err != nil {
			return effects, 0, err
		}
	}
}

// unlessRefused turns a refusal that cannot be narrowed down any further into one to try again.
func unlessRefused(err error, effects domain.Effects) error {
	if err == nil || errors.Is(err, ErrUnavailable) {
		return err
	}
	if len(effects.Taken) == 0 || len(effects.Taken) == 1 && effects.Taken[0].Fault != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// narrow halves what is tried next; a single event that is refused is condemned.
func (t *Tally) narrow(ctx context.Context, feed Feed, effects domain.Effects, refusal error) error {
	if len(effects.Taken) > 1 {
		t.size = len(effects.Taken) / 2
		return nil
	}
	refused := effects.Taken[0]
	var record *domain.Record
	err := t.persist(ctx, "read a record again", func() (err error) {
		record, err = feed.Record(ctx, refused)
		return err
	})
	if err != nil && !errors.Is(err, ErrGone) {
		return err
	}
	t.log.ErrorContext(ctx, "the database refuses an event: parking it", "offset", refused.Offset, "error", refusal)
	refused.Condemn(ReasonRefused, errors.Join(refusal, err).Error(), record)
	return nil
}

func summarize(effects domain.Effects, repeats int, took time.Duration) Applied {
	a := Applied{Parked: len(effects.Parked), Repeats: repeats, Took: took}
	for _, count := range effects.Counts {
		a.Counted += int(count.Events)
		a.Foreign += int(count.Foreign)
	}
	return a
}
