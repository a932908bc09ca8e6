package wiring

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"

	"ordertrack/order_service/internal/adapters/httpapi"
	"ordertrack/order_service/internal/adapters/kafka"
	"ordertrack/order_service/internal/adapters/metrics"
	"ordertrack/order_service/internal/adapters/postgres"
	"ordertrack/order_service/internal/adapters/trackusers"
	"ordertrack/order_service/internal/application/once"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/application/relaying"
	"ordertrack/order_service/internal/application/renewing"
	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/order_service/internal/config"
	"ordertrack/shared/admin"
	"ordertrack/shared/httpserver"
	"ordertrack/shared/kafkaclient"
	"ordertrack/shared/pgdb"
	"ordertrack/shared/service"
)

// databaseModule is PostgreSQL, and the ports that it serves.
var databaseModule = fx.Module("database", fx.Provide(
	postgres.NewSuccession,
	postgres.NewRegister,
	postgres.NewBell,
	func(c config.Config, s *postgres.Succession) (*pgxpool.Pool, error) {
		return pgdb.NewPool(c.DatabaseURL, postgres.Session, s.Watch)
	},
	fx.Annotate(postgres.NewLog, fx.As(new(placing.Log))),
	fx.Annotate(postgres.NewOutbox, fx.As(new(relaying.Outbox))),
	postgres.NewKeys,
	fx.Annotate(postgres.NewOrders, fx.As(new(reading.Orders)), fx.As(new(reading.Heads))),
))

// placingModule is the way of an order into the log.
var placingModule = fx.Module("placing", fx.Provide(
	func(reg *prometheus.Registry) placing.Meter { return metrics.NewPlacing(reg) },
	func(c config.Config) placing.Limits {
		limits := placing.DefaultLimits()
		limits.Queue, limits.Batch = c.QueueLimit, c.BatchLimit
		return limits
	},
	placing.New,
), fx.Invoke(func(reg *prometheus.Registry, placer *placing.Placer) { metrics.WatchQueue(reg, placer.Queued) }))

// relayingModule is the way of an order out to Kafka.
var relayingModule = fx.Module("relaying", fx.Provide(
	metrics.NewRelaying,
	func(m *metrics.Relaying) (relaying.Meter, retransmitting.Meter, renewing.Meter) { return m, m, m },
	func(reg *prometheus.Registry) prometheus.Registerer { return reg },
	func(log *slog.Logger, s fx.Shutdowner) service.Fatal { return service.Fatal{Log: log, Shutdowner: s} },
	func(c config.Config, log *slog.Logger) *kafka.Wire {
		return kafka.NewWire(c.KafkaBrokers, c.KafkaTopic, log)
	},
	func(wire *kafka.Wire) relaying.Wire { return wire },
	newReceiver,
	newRepairer,
	relaying.DefaultLimits,
	relaying.New,
))

// newReceiver makes the connection to track_users, whose every answer is held against the log. It is nil without an
// address.
func newReceiver(l fx.Lifecycle, c config.Config, register *postgres.Register, log *slog.Logger) *renewing.Renewer {
	if c.TrackUsersURL == "" {
		log.Info("TRACK_USERS_URL is not set: what Kafka loses is not published again, " +
			"and an orders database put back from a copy of its files is not noticed")
		return nil
	}
	receiver := trackusers.NewReceiver(c.TrackUsersURL)
	l.Append(fx.StopHook(receiver.Close))
	return renewing.New(receiver, register, log)
}

// newRepairer makes the retransmitter, and has it run. Without the address of track_users there is nothing to go by.
func newRepairer(
	l fx.Lifecycle, fatal service.Fatal, receiver *renewing.Renewer, wire *kafka.Wire, meter retransmitting.Meter, log *slog.Logger,
) relaying.Repairer {
	if receiver == nil {
		return noRepairs{}
	}
	retransmitter := retransmitting.New(receiver, wire, meter, log, retransmitting.DefaultLimits())
	l.Append(service.Background(retransmitter.Run, fatal))
	return retransmitter
}

// noRepairs is for a relay that cannot know what was lost.
type noRepairs struct{}

func (noRepairs) Repair(context.Context, retransmitting.Archive) error { return nil }

// apiModule is the HTTP API.
var apiModule = fx.Module("api", fx.Provide(
	func(orders reading.Orders, heads reading.Heads, receiver *renewing.Renewer) *reading.Reader {
		if receiver == nil { // a port that holds no value must be none
			return reading.New(orders, heads, nil)
		}
		return reading.New(orders, heads, receiver)
	},
	func(placer *placing.Placer, keys *postgres.Keys, log *slog.Logger) *once.Once {
		return once.New(placer, keys, log)
	},
	func(
		placer *placing.Placer, once *once.Once, reader *reading.Reader, c config.Config, log *slog.Logger,
	) *httpserver.Server {
		engine := c.Engine(log)
		httpapi.Register(engine, httpapi.Uses{Place: placer.Place, Batches: placer, Once: once, Reader: reader}, log)
		return c.Server(c.HTTPAddr, engine, log)
	},
))

// adminModule is the port for those who run the service.
var adminModule = fx.Module("admin", fx.Provide(
	func(c config.Config, log *slog.Logger, reg *prometheus.Registry, pool *pgxpool.Pool, wire *kafka.Wire) *admin.Server {
		server := admin.New(c.AdminAddr, log, reg,
			admin.Check{Name: "database", Ready: pgdb.Ping(pool)},
			admin.Check{Name: "broker", Ready: kafkaclient.Check(wire.Client, c.KafkaTopic)},
		)
		if c.Profiles {
			server.ServeProfiles()
		}
		return server
	},
))

// parts are what has a beginning and an end.
type parts struct {
	fx.In

	Log        *slog.Logger
	Fatal      service.Fatal
	Admin      *admin.Server
	Pool       *pgxpool.Pool
	Succession *postgres.Succession
	Receiver   *renewing.Renewer
	Wire       *kafka.Wire
	Relay      *relaying.Relay
	Placer     *placing.Placer
	Once       *once.Once
	API        *httpserver.Server
}

// lifecycle starts the parts in this order, and stops them in the reverse one: readiness off, the API drained, the
// accepted orders stored, the relay's batch published, Kafka and the database closed, the admin port last. The broker is
// not waited for: orders are taken without it.
func lifecycle(l fx.Lifecycle, p parts) {
	l.Append(service.Serve(p.Admin.Server, "ADMIN_ADDR", p.Fatal))
	l.Append(fx.StopHook(p.Pool.Close)) // a hook of its own: it runs when preparing fails, too
	l.Append(fx.StartHook(func(ctx context.Context) error { return prepare(ctx, p) }))
	l.Append(fx.StopHook(p.Wire.Close))
	l.Append(service.Background(func(ctx context.Context) error { p.Relay.Run(ctx); return nil }, p.Fatal))
	l.Append(fx.StartStopHook(p.Placer.Start, p.Placer.Stop))
	l.Append(service.Background(p.Once.Run, p.Fatal))
	l.Append(service.Serve(p.API, "HTTP_ADDR", p.Fatal))
	l.Append(fx.StopHook(p.Admin.Drain))
}

// prepare waits for the database, brings it up to date, and finds out whether its log can go on.
func prepare(ctx context.Context, p parts) error {
	if err := pgdb.Wait(ctx, p.Pool, p.Log); err != nil {
		return err
	}
	if err := pgdb.Migrate(ctx, p.Pool, postgres.Migrations(), p.Log); err != nil {
		return err
	}
	// The connections that there are were made before the schema was there to check.
	err := p.Pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error { return p.Succession.Begin(ctx, conn.Conn()) })
	if err != nil {
		return fmt.Errorf("look which log this is: %w", err)
	}
	if p.Receiver != nil {
		if err := p.Receiver.Greet(ctx); err != nil {
			return err
		}
	}
	return postgres.ForgetWriters(ctx, p.Pool)
}
