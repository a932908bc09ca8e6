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
// anything to the one at which it had counted all. What it costs is read at these two only: to read the times of all
// processes takes longer than a look may, which would be taken from the service.
func (b *Bench) watchCount(ctx context.Context, profile string, service *rig.Service) (Figures, error) {
	before, begin, err := b.awaitCount(ctx, service, 1)
	if err != nil {
		return nil, err
	}
	backlog := float64(b.plan.Backlog)
	if before.metrics[counted] >= backlog {
		return nil, errors.New("the backlog is counted before anybody can look: BACKLOG is too small")
	}
	var profiling errgroup.Group
	profiling.Go(func() error { return b.rig.Profile(ctx, service, profile, time.Second) })
	after, end, err := b.awaitCount(ctx, service, backlog)
	if err := errors.Join(err, profiling.Wait()); err != nil {
		return nil, err
	}
	events := after.metrics[counted] - before.metrics[counted]
	figures := Figures{PerSecond: events / end.Sub(begin).Seconds()}
	maps.Copy(figures, after.since(before, events))
	return figures, nil
}

// counted is the series that tells how far track_users is.
const counted = `track_users_events_total{outcome="counted"}`

// awaitCount looks until the service has counted so many events, and reads the costs then; when is the time of that look.
func (b *Bench) awaitCount(ctx context.Context, service *rig.Service, events float64) (c costs, when time.Time, err error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		metrics, err := service.Metrics(ctx)
		if err != nil {
			return c, when, err
		}
		if metrics[counted] >= events {
			when = time.Now()
			c, err = b.costsOf(ctx, service, false)
			c.metrics = metrics
			return c, when, err
		}
		select {
		case <-tick.C:
		case <-service.Done():
			return c, when, fmt.Errorf("%s ended by itself", service.Name)
		case <-ctx.Done():
			return c, when, fmt.Errorf("%s has counted %.0f events: %w", service.Name, metrics[counted], context.Cause(ctx))
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
