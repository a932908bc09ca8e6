package trial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/bench/rig"
	"ordertrack/shared/backoff"
)

// Variants of the experiment with a backlog.
const (
	Counts         = "track_users"
	CountsFew      = "track_users, 1,000 users"
	CountsMany     = "track_users, 1,000,000 users"
	CountsHot      = "track_users, one name"
	CountsAtLeast  = "track_users, at least once"
	CountsNaive    = "naive consumer"
	CountsNot      = "raw drain"
	few, many, one = 1000, 1_000_000, 1
)

const (
	countLimit = 15 * time.Minute      // of one backlog
	lookEvery  = 50 * time.Millisecond // how often it is looked how far a service is
)

func (b *Bench) counting() Experiment {
	t := newTopics(b)
	return Experiment{Name: Counting, Close: t.close, Variants: []Variant{
		b.count(t, Counts, rig.TrackUsers, users),
		b.count(t, CountsAtLeast, rig.AtLeastOnce, users),
		b.drain(t),
		b.countNaively(t),
		b.count(t, CountsFew, rig.TrackUsers, few),
		b.count(t, CountsMany, rig.TrackUsers, many),
		b.count(t, CountsHot, rig.TrackUsers, one),
	}}
}

func prepareTopic(t *topics, users int) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := t.of(ctx, users)
		return err
	}
}

// counter runs a consumer on a backlog, in a database and a group of its own.
func (b *Bench) counter(
	ctx context.Context, t *topics, spec rig.Spec, users int, do func(database string, service *rig.Service) error,
) (err error) {
	ctx, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	topic, err := t.of(ctx, users)
	if err != nil {
		return err
	}
	database, drop, err := b.rig.Database(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop(context.WithoutCancel(ctx))) }()
	if err := b.rig.Checkpoint(ctx); err != nil {
		return err
	}
	spec.Env = b.environment(database, topic, b.rig.Name("group"))
	service, err := b.rig.Run(ctx, spec)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Kill()) }()
	return do(database, service)
}

// count is a variant of the service that counts a whole backlog, which is then held against its counters.
func (b *Bench) count(t *topics, name, program string, users int) Variant {
	return Variant{
		Name: name, Prepare: prepareTopic(t, users),
		Measure: func(ctx context.Context) (figures Figures, err error) {
			err = b.counter(ctx, t, rig.Spec{Program: program}, users, func(database string, service *rig.Service) error {
				if figures, err = b.watchCount(ctx, Counting+"-"+name, service); err != nil {
					return err
				}
				counted, err := b.sum(ctx, database)
				if err == nil && counted != int64(b.plan.Backlog) {
					err = fmt.Errorf("%s counted %d of %d events", name, counted, b.plan.Backlog)
				}
				return errors.Join(err, addPeak(figures, service))
			})
			return figures, err
		},
	}
}

// watchCount looks how far a service is, until it is through: the rate is from the first look at which it had counted
// anything to the one at which it had counted all.
func (b *Bench) watchCount(ctx context.Context, profile string, service *rig.Service) (Figures, error) {
	const counted = `track_users_events_total{outcome="counted"}`
	var (
		begin     time.Time
		before    costs
		profiling errgroup.Group
	)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		now, err := b.costsOf(ctx, service, true)
		if err != nil {
			return nil, err
		}
		events, since := now.metrics[counted], now.metrics[counted]-before.metrics[counted]
		switch {
		case begin.IsZero() && events >= float64(b.plan.Backlog):
			return nil, errors.New("the backlog is counted before anybody can look: BACKLOG is too small")
		case begin.IsZero() && events > 0:
			begin, before = time.Now(), now
			profiling.Go(func() error { return b.rig.Profile(ctx, service, profile, time.Second) })
		case events >= float64(b.plan.Backlog):
			figures := Figures{PerSecond: since / time.Since(begin).Seconds()}
			maps.Copy(figures, now.since(before, since))
			return figures, profiling.Wait()
		}
		select {
		case <-tick.C:
		case <-service.Done():
			return nil, fmt.Errorf("%s ended by itself", service.Name)
		case <-ctx.Done():
			return nil, fmt.Errorf("%s has counted %.0f events: %w", service.Name, events, context.Cause(ctx))
		}
	}
}

func (b *Bench) sum(ctx context.Context, database string) (sum int64, err error) {
	err = b.rig.Query(ctx, database, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT coalesce(sum(counter), 0)::bigint FROM track_user`).Scan(&sum)
	})
	return sum, err
}

// countNaively is the naive consumer, for a while: all of a backlog would take it many minutes.
func (b *Bench) countNaively(t *topics) Variant {
	return Variant{
		Name: CountsNaive, Prepare: prepareTopic(t, users),
		Measure: func(ctx context.Context) (figures Figures, err error) {
			spec := rig.Spec{Program: rig.NaiveUsers, Ready: health}
			err = b.counter(ctx, t, spec, users, func(database string, service *rig.Service) error {
				if err := b.awaitFirst(ctx, database, service); err != nil {
					return err
				}
				begin := time.Now()
				first, err := b.sum(ctx, database)
				if err != nil {
					return err
				}
				if err := backoff.Sleep(ctx, b.plan.Lasts); err != nil {
					return err
				}
				last, err := b.sum(ctx, database)
				figures = Figures{PerSecond: float64(last-first) / time.Since(begin).Seconds()}
				return err
			})
			return figures, err
		},
	}
}

func (b *Bench) awaitFirst(ctx context.Context, database string, service *rig.Service) error {
	for {
		counted, err := b.sum(ctx, database)
		if err != nil || counted > 0 {
			return err
		}
		select {
		case <-service.Done():
			return fmt.Errorf("%s ended by itself", service.Name)
		default:
		}
		if err := backoff.Sleep(ctx, lookEvery); err != nil {
			return err
		}
	}
}
