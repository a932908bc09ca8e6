package main

import (
	"errors"
	"fmt"
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
	Broker   string        `env:"BROKER" default:"embedded" help:"embedded, or apache for Apache Kafka (needs Java 17 and Maven)"`
	Orders   int           `env:"ORDERS" default:"20000" help:"orders of a cell"`
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
	if _, err := broker.ParseKind(c.Broker); err != nil {
		errs = append(errs, &settings.Error{Setting: "BROKER", Problem: err.Error(), Err: err})
	}
	if c.Dir != "" && !filepath.IsAbs(c.Dir) {
		errs = append(errs, &settings.Error{Setting: "FAULTS_DIR", Problem: fmt.Sprintf("%q is not an absolute path", c.Dir)})
	}
	return errors.Join(append(errs,
		settings.CheckRange("SEED", c.Seed, 0, 1<<53),
		settings.CheckRange("CLIENTS", c.Clients, 1, 10_000),
		settings.CheckRange("NAMES", c.Names, 1, 10_000_000),
		settings.CheckRange("ORDERS", c.Orders, c.Clients, 100_000_000),
		settings.CheckDuration("LOAD_LIMIT", c.Limit, time.Second, 24*time.Hour),
		settings.CheckDuration("HEAL_LIMIT", c.Heal, time.Second, time.Hour),
	)...)
}

// trial takes a seed by chance when none is set: what failed once can be run again with the seed it prints.
func (c config) trial(programs stack.Programs, cache string) matrix.Trial {
	seed := uint64(c.Seed)
	if seed == 0 {
		seed = uint64(rand.Uint32())
	}
	return matrix.Trial{
		Stack: stack.Options{
			CacheDir: cache, Programs: programs, Broker: broker.Kind(c.Broker), PGBinDir: c.PGBinDir, Mirror: c.Mirror,
		},
		Plan:  workload.Plan{Clients: c.Clients, Names: c.Names, Orders: c.Orders, Seed: seed},
		Limit: c.Limit, Heal: c.Heal,
	}
}
