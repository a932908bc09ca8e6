package wiring

import (
	"context"
	"log/slog"
	"runtime"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"

	"ordertrack/shared/admin"
	"ordertrack/shared/httpserver"
	"ordertrack/shared/kafkaclient"
	"ordertrack/shared/pgdb"
	"ordertrack/shared/service"
	"ordertrack/track_users/internal/adapters/httpapi"
	"ordertrack/track_users/internal/adapters/kafka"
	"ordertrack/track_users/internal/adapters/metrics"
	"ordertrack/track_users/internal/adapters/postgres"
	"ordertrack/track_users/internal/application/joining"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/application/reporting"
	"ordertrack/track_users/internal/application/streaming"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/application/waiting"
	"ordertrack/track_users/internal/config"
	"ordertrack/track_users/internal/domain"
)

// databaseModule is PostgreSQL, and the ports that it serves.
var databaseModule = fx.Module("database", fx.Provide(
	func(c config.Config) (*pgxpool.Pool, error) { return pgdb.NewPool(c.DatabaseURL, postgres.Session) },
	fx.Annotate(postgres.NewChanges, fx.As(new(streaming.Changes))),
	postgres.NewLedger,
	func(ledger *postgres.Ledger, watcher *waiting.Watcher) tallying.Ledger {
		// Half of the processors for transactions: the others decode what goes into the next ones.
		return waiting.Tell(watcher, joining.New(ledger, runtime.GOMAXPROCS(0)/2))
	},
	fx.Annotate(postgres.NewUsers, fx.As(new(reading.Users))),
	fx.Annotate(postgres.NewBook, fx.As(new(reporting.Book)), fx.As(new(waiting.Marks))),
))

// countingModule is the way in: the consumer, and a tally for each partition it gets.
var countingModule = fx.Module("counting", fx.Provide(
	tallying.DefaultLimits,
	fx.Annotate(metrics.New, fx.As(new(tallying.Meter)), fx.As(new(streaming.Meter))),
	func(reg *prometheus.Registry) prometheus.Registerer { return reg },
	tallying.NewNeighbours,
	func(
		ledger tallying.Ledger, meter tallying.Meter, log *slog.Logger, limits tallying.Limits, all *tallying.Neighbours,
	) func(domain.Stream) kafka.Tally {
		return func(stream domain.Stream) kafka.Tally { return tallying.New(stream, ledger, meter, log, limits, all) }
	},
	func(c config.Config) kafka.Settings {
		return kafka.Settings{Brokers: c.KafkaBrokers, Topic: c.KafkaTopic, Group: c.KafkaGroup}
	},
	kafka.Config,
	kafka.New,
	func(consumer *kafka.Consumer) reporting.Reader { return consumer },
	func(c config.Config, consumer *kafka.Consumer) reporting.Topic {
		return kafka.NewTopic(c.KafkaTopic, consumer.Client)
	},
	reporting.New,
))

// apiModule is the HTTP API.
var apiModule = fx.Module("api", fx.Provide(
	reading.New,
	waiting.New,
	func(changes streaming.Changes, meter streaming.Meter, c config.Config, log *slog.Logger) *streaming.Hub {
		return streaming.New(changes, httpapi.EncodeFrame, meter, log, streaming.DefaultLimits(c.StreamClients))
	},
	func(
		reader *reading.Reader, reporter *reporting.Reporter, watcher *waiting.Watcher, hub *streaming.Hub, c config.Config,
		log *slog.Logger,
	) *httpserver.Server {
		engine := c.Engine(log)
		httpapi.Register(engine, httpapi.UseCases{Reader: reader, Reporter: reporter, Waiter: watcher, Hub: hub}, log)
		return c.Server(c.HTTPAddr, engine, log)
	},
))

// adminModule is the port for those who run the service.
var adminModule = fx.Module("admin", fx.Provide(
	func(
		c config.Config, log *slog.Logger, reg *prometheus.Registry, pool *pgxpool.Pool, consumer *kafka.Consumer,
	) *admin.Server {
		server := admin.New(c.AdminAddr, log, reg,
			admin.Check{Name: "database", Ready: pgdb.Ping(pool)},
			admin.Check{Name: "broker", Ready: kafkaclient.Check(consumer.Client, c.KafkaTopic)},
			admin.Check{Name: "consumer", Ready: consumer.Ready},
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
	Shutdowner fx.Shutdowner
	Admin      *admin.Server
	Pool       *pgxpool.Pool
	Consumer   *kafka.Consumer
	Reporter   *reporting.Reporter
	Watcher    *waiting.Watcher
	Hub        *streaming.Hub
	API        *httpserver.Server
}

// lifecycle starts the parts in this order, and stops them in the reverse one: readiness off, the API drained, the
// consumer's batches finished and its offsets committed, the database closed, the admin port last.
func lifecycle(l fx.Lifecycle, p parts) {
	fatal := service.Fatal{Log: p.Log, Shutdowner: p.Shutdowner}
	l.Append(service.Serve(p.Admin.Server, "ADMIN_ADDR", fatal))
	l.Append(fx.StopHook(p.Pool.Close)) // a hook of its own: it runs when preparing fails, too
	l.Append(fx.StartHook(func(ctx context.Context) error { return prepare(ctx, p.Pool, p.Log) }))
	l.Append(service.Background(p.Reporter.Run, fatal))
	l.Append(service.Background(p.Consumer.Run, fatal))
	l.Append(service.Background(p.Watcher.Run, fatal))
	l.Append(service.Background(p.Hub.Run, fatal))
	l.Append(service.Serve(p.API, "HTTP_ADDR", fatal))
	l.Append(fx.StopHook(p.Watcher.Stop)) // who waits is answered before the API drains
	l.Append(fx.StopHook(p.Hub.Stop))     // and who follows is let go
	l.Append(fx.StopHook(p.Admin.Drain))
}

// prepare waits for the database and brings it up to date.
func prepare(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	if err := pgdb.Wait(ctx, pool, log); err != nil {
		return err
	}
	return pgdb.Migrate(ctx, pool, postgres.Migrations(), log)
}
