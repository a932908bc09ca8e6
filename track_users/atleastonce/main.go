// Command atleastonce is track_users without its marks: it counts what Kafka delivers, and commits offsets afterwards, so
// that a crash in between counts twice. Only the benchmark runs it, to tell what exactly once costs.
package main

import (
	"context"
	"maps"
	"os"
	"sync"

	"go.uber.org/fx"

	"ordertrack/shared/service"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/config"
	"ordertrack/track_users/internal/domain"
	"ordertrack/track_users/internal/wiring"
)

func main() {
	os.Exit(service.Main("atleastonce", "track_users without exactly once, for the benchmark alone", func(c config.Config) fx.Option {
		return fx.Options(wiring.Module(c), fx.Decorate(func(ledger tallying.Ledger) tallying.Ledger {
			return &forgetful{real: ledger, lanes: map[domain.Lane]int64{}}
		}))
	}))
}

// forgetful has the real ledger raise the counters and nothing else: no mark is locked, read or written. How far each
// lane is, which the tally asks for, it keeps in memory, where a crash loses it.
type forgetful struct {
	real tallying.Ledger

	mu    sync.Mutex
	lanes map[domain.Lane]int64
}

// Apply counts.
func (f *forgetful) Apply(
	ctx context.Context, scope domain.Scope, decide func(domain.Marks) domain.Effects,
) (domain.Marks, error) {
	before := f.marks(scope)
	var after domain.Marks
	_, err := f.real.Apply(ctx, domain.Scope{Stream: scope.Stream}, func(domain.Marks) domain.Effects {
		effects := decide(before)
		after = effects.Apply(before)
		effects.Lanes, effects.Foreign = nil, domain.NoOffset
		return effects
	})
	if err != nil {
		return domain.Marks{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.Copy(f.lanes, after.Lanes)
	return after, nil
}

func (f *forgetful) marks(scope domain.Scope) domain.Marks {
	f.mu.Lock()
	defer f.mu.Unlock()
	marks := domain.Marks{Lanes: make(map[domain.Lane]int64, len(scope.Lanes)), Foreign: domain.NoOffset}
	for _, lane := range scope.Lanes {
		marks.Lanes[lane] = f.lanes[lane]
	}
	return marks
}
