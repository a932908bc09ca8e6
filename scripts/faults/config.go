package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"ordertrack/scripts/faults/matrix"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/workload"
	"ordertrack/scripts/localstack/broker"
	"ordertrack/shared/settings"
)

// config holds the settings.
type config struct {
	Cells    []string      `env:"CELL" help:"cells to run, separated by commas; empty runs all"`
	Seed     int           `env:"SEED" default:"0" help:"seed of the load; 0 takes one by chance"`
	Seeds    int           `env:"SEEDS" default:"0" help:"seeds of each cell, from SEED or 1 on, less those that passed; 0: one run"`
	Jobs     int           `env:"JOBS" default:"4" help:"cells that run at the same time"`
	Broker   string        `env:"BROKER" default:"auto" help:"embedded, or apache (needs Java 17 and Maven); auto: apache if it can be had"`
	Hold     time.Duration `env:"HOLD" default:"8s" help:"how long the cells *-away keep PostgreSQL away"`
	Results  string        `env:"RESULTS" default:".local/faults/results.jsonl" help:"each result is added to it; remove it to begin anew"`
	Orders   int           `env:"ORDERS" default:"8000" help:"orders of a cell"`
	Names    int           `env:"NAMES" default:"200" help:"different users"`
	Clients  int           `env:"CLIENTS" default:"32" help:"clients that order at the same time"`
	Limit    time.Duration `env:"LOAD_LIMIT" default:"3m" help:"how long a cell's orders may take"`
	Heal     time.Duration `env:"HEAL_LIMIT" default:"1m" help:"how long the system may take to heal, and to come to rest"`
	Dir      string        `env:"FAULTS_DIR" help:"folder for the cells' data; empty is the system's for temporary files"`
	CacheDir string        `env:"LOCAL_CACHE" default:".local/cache" help:"where downloads are kept"`
	PGBinDir string        `env:"PG_BIN_DIR" help:"folder of PostgreSQL's programs; empty looks for them, and fetches them"`
	Mirror   string        `env:"POSTGRES_MIRROR" help:"Maven repository to fetch PostgreSQL from instead of the usual one"`
}

func (c config) cells() []matrix.Cell {
	cells, _ := matrix.Find(c.Cells...)
	return cells
}

// Validate checks the settings' values.
func (c config) Validate() error {
	var errs []error
	if _, unknown := matrix.Find(c.Cells...); len(unknown) > 0 {
		errs = append(errs, &settings.Error{Setting: "CELL", Problem: "there is no cell " + strings.Join(unknown, ", ") + ", see --help"})
	}
	if _, err := broker.ParseKind(c.Broker); err != nil && c.Broker != autoBroker {
		errs = append(errs, &settings.Error{Setting: "BROKER", Problem: err.Error(), Err: err})
	}
	if c.Dir != "" && !filepath.IsAbs(c.Dir) {
		errs = append(errs, &settings.Error{Setting: "FAULTS_DIR", Problem: fmt.Sprintf("%q is not an absolute path", c.Dir)})
	}
	return errors.Join(append(errs,
		settings.CheckRange("SEED", c.Seed, 0, 1<<53),
		settings.CheckRange("SEEDS", c.Seeds, 0, 1_000_000),
		settings.CheckRange("JOBS", c.Jobs, 1, 16),
		settings.CheckDuration("HOLD", c.Hold, time.Second, 24*time.Hour),
		settings.CheckRange("CLIENTS", c.Clients, 1, 10_000),
		settings.CheckRange("NAMES", c.Names, 1, 10_000_000),
		settings.CheckRange("ORDERS", c.Orders, c.Clients, 100_000_000),
		settings.CheckDuration("LOAD_LIMIT", c.Limit, time.Second, 24*time.Hour),
		settings.CheckDuration("HEAL_LIMIT", c.Heal, time.Second, time.Hour),
	)...)
}

// seed is one by chance when none is set: what failed once can be run again with the seed it prints.
func (c config) seed() uint64 {
	if c.Seed == 0 {
		return uint64(rand.Uint32())
	}
	return uint64(c.Seed)
}

const autoBroker = "auto"

// kind is the broker that is set, or the best one that can be had here; it is said which.
func (c config) kind(ctx context.Context, stderr io.Writer) (broker.Kind, error) {
	kind := broker.Kind(c.Broker)
	if c.Broker == autoBroker {
		best, lacking := broker.Best(ctx)
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		if kind = best; lacking != nil {
			fmt.Fprintf(stderr, "%s: %v\n", programName, lacking)
		}
	}
	fmt.Fprintf(stderr, "%s: the broker is: %s\n", programName, broker.Describe(kind))
	return kind, nil
}

func (c config) trial(programs stack.Programs, cache string, kind broker.Kind, seed uint64) matrix.Trial {
	return matrix.Trial{
		Stack: stack.Options{
			CacheDir: cache, Programs: programs, Broker: kind, PGBinDir: c.PGBinDir, Mirror: c.Mirror,
		},
		Plan:  workload.Plan{Clients: c.Clients, Names: c.Names, Orders: c.Orders, Seed: seed, Hold: c.Hold},
		Limit: c.Limit, Heal: c.Heal,
	}
}
