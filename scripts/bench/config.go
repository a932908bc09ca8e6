package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"ordertrack/scripts/bench/score"
	"ordertrack/scripts/bench/trial"
	"ordertrack/scripts/localstack/broker"
	"ordertrack/shared/settings"
)

// config holds the settings.
type config struct {
	Only     []string      `env:"ONLY" help:"rows to measure, separated by commas; empty measures all and writes the page"`
	Rounds   int           `env:"ROUNDS" default:"5" help:"how often each is measured"`
	Lasts    time.Duration `env:"DURATION" default:"5s" help:"how long a load is measured"`
	WarmUp   time.Duration `env:"WARM_UP" default:"1s" help:"how long a load runs before that"`
	Warm     time.Duration `env:"WARM_BROKER" default:"40s" help:"how long the broker is kept busy before everything; 0s for not at all"`
	Broker   string        `env:"BROKER" default:"auto" help:"embedded, apache, or auto: Apache Kafka where Java 17 and Maven are there"`
	Clients  int           `env:"CLIENTS" default:"256" help:"connections of a load"`
	Rate     int           `env:"RATE" default:"1000" help:"orders a second where the rate is fixed"`
	Backlog  int           `env:"BACKLOG" default:"1000000" help:"events to be counted"`
	Table    int           `env:"TABLE" default:"10000000" help:"orders in the table that is full"`
	Docs     string        `env:"BENCH_DOCS" default:"docs" help:"folder of the page benchmarks.md; only all rows together are written there"`
	Dir      string        `env:"BENCH_DIR" default:".local/bench" help:"folder for the data, on a disk"`
	Profiles string        `env:"PROFILES" help:"folder for CPU profiles of the services; taking them costs a little"`
	CacheDir string        `env:"LOCAL_CACHE" default:".local/cache" help:"where downloads are kept"`
	PGBinDir string        `env:"PG_BIN_DIR" help:"folder of PostgreSQL's programs; empty looks for them, and fetches them"`
	Mirror   string        `env:"POSTGRES_MIRROR" help:"Maven repository to fetch PostgreSQL from instead of the usual one"`
}

const auto = "auto"

// Validate checks the settings' values.
func (c config) Validate() error {
	var errs []error
	if _, unknown := score.Find(c.Only); len(unknown) > 0 {
		errs = append(errs, &settings.Error{Setting: "ONLY", Problem: "there is no row " + strings.Join(unknown, ", ") + ", see --help"})
	}
	if _, err := broker.ParseKind(c.Broker); err != nil && c.Broker != auto {
		errs = append(errs, &settings.Error{Setting: "BROKER", Problem: err.Error() + `, or "auto"`, Err: err})
	}
	return errors.Join(append(errs,
		settings.CheckRange("ROUNDS", c.Rounds, 1, 1000),
		settings.CheckDuration("DURATION", c.Lasts, 100*time.Millisecond, 40*time.Second),
		settings.CheckDuration("WARM_UP", c.WarmUp, 0, time.Minute),
		settings.CheckDuration("WARM_BROKER", c.Warm, 0, time.Hour),
		settings.CheckRange("CLIENTS", c.Clients, 1, 300),
		settings.CheckRange("RATE", c.Rate, 1, 100_000),
		settings.CheckRange("BACKLOG", c.Backlog, 1000, 100_000_000),
		settings.CheckRange("TABLE", c.Table, 1, 1_000_000_000),
	)...)
}

func (c config) plan() trial.Plan {
	return trial.Plan{
		Lasts: c.Lasts, WarmUp: c.WarmUp, WarmBroker: c.Warm,
		Clients: c.Clients, Rate: c.Rate, Backlog: c.Backlog, Table: c.Table,
	}
}

// kind is the broker to run.
func (c config) kind(ctx context.Context) broker.Kind {
	if c.Broker != auto {
		return broker.Kind(c.Broker)
	}
	kind, _ := broker.Best(ctx)
	return kind
}
