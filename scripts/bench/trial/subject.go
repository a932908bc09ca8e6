package trial

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/bench/rig"
)

// subject is a program that takes orders, as it is measured: with a database and a topic that it has to itself.
type subject struct {
	program string
	ready   string   // see rig.Spec
	alone   bool     // without Kafka
	env     []string // besides
	watched bool     // has metrics, and profiles
}

var (
	orderService = subject{program: rig.OrderService, watched: true}
	ceiling      = subject{program: rig.Ceiling, watched: true}
	naive        = subject{program: rig.NaiveOrders, ready: health}
	naiveAlone   = subject{program: rig.NaiveOrders, ready: health, alone: true}
	watermill    = subject{program: rig.Watermill, ready: health, env: []string{"ROLE=orders"}}
)

// health is the path at which rivals say that they are ready.
const health = "/health"

// environment is what all programs are told.
func (b *Bench) environment(database, topic, group string) []string {
	return []string{
		"DATABASE_URL=" + database, "KAFKA_BROKERS=" + b.rig.Broker.Addr(), "KAFKA_TOPIC=" + topic, "KAFKA_GROUP=" + group,
	}
}

// ground is what a subject runs on.
type ground struct {
	database, topic string
	clear           func(context.Context) error
}

// freshGround makes a database and a topic for one measurement. Each begins with the same empty ones.
func (b *Bench) freshGround(ctx context.Context) (ground, error) {
	topic, remove, err := b.rig.Topic(ctx)
	if err != nil {
		return ground{}, err
	}
	database, drop, err := b.rig.Database(ctx)
	if err != nil {
		return ground{}, errors.Join(err, remove())
	}
	if err := b.rig.Checkpoint(ctx); err != nil {
		return ground{}, errors.Join(err, remove(), drop(ctx))
	}
	return ground{
		database: database, topic: topic,
		clear: func(ctx context.Context) error { return errors.Join(remove(), drop(context.WithoutCancel(ctx))) },
	}, nil
}

// on runs a subject on a ground while do is under way.
func (b *Bench) on(ctx context.Context, g ground, s subject, do func(*rig.Service) error) (err error) {
	env := append(b.environment(g.database, g.topic, g.topic), s.env...)
	if s.alone {
		env = append(env, "KAFKA_BROKERS=")
	}
	service, err := b.rig.Run(ctx, rig.Spec{Program: s.program, Ready: s.ready, Env: env})
	if err != nil {
		return err
	}
	// What was measured was measured: an end that waits for a backlog to be published would measure nothing more.
	defer func() { err = errors.Join(err, service.Kill()) }()
	return do(service)
}

// onFresh is on, with a ground for this one time.
func (b *Bench) onFresh(ctx context.Context, s subject, do func(ground, *rig.Service) error) (err error) {
	g, err := b.freshGround(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.clear(ctx)) }()
	return b.on(ctx, g, s, func(service *rig.Service) error { return do(g, service) })
}

// countRows holds what a table has against what clients were told. A rival may have more rows than answers: what was
// under way when the load ended.
func (b *Bench) countRows(ctx context.Context, database, sql string, atLeast int64) error {
	return b.rig.Query(ctx, database, func(conn *pgx.Conn) error {
		var rows int64
		if err := conn.QueryRow(ctx, sql).Scan(&rows); err != nil {
			return fmt.Errorf("count the rows: %w", err)
		}
		if rows < atLeast {
			return fmt.Errorf("%d orders were answered and %d are stored", atLeast, rows)
		}
		return nil
	})
}
