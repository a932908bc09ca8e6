// Package rig is what the benchmark runs on: a PostgreSQL that is durable, a broker, and programs as processes of their
// own, with what can be learned about them from outside.
package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/postgres"
	"ordertrack/shared/kafkaclient"
)

const closeLimit = 30 * time.Second

// Partitions is how many partitions the topics have: as many as the services give them.
const Partitions = 12

// MissingError says that something cannot be measured on this machine, and why. It is no failure of the benchmark.
type MissingError struct{ Reason string }

func (m *MissingError) Error() string { return m.Reason }

// Options say what a rig is made of.
type Options struct {
	Dir      string // holds all data and logs; PostgreSQL's user must be able to reach it
	CacheDir string // keeps downloads
	PGBinDir string // empty looks for PostgreSQL's programs
	Mirror   string // a Maven repository to fetch PostgreSQL from; empty is the usual one
	Broker   broker.Kind
	Profiles string // a folder for CPU profiles of the services; empty takes none
}

// Rig is a running PostgreSQL and a broker.
type Rig struct {
	Postgres *postgres.Server
	Broker   *broker.Broker

	opts    Options
	bin     string
	client  sarama.Client
	admin   sarama.ClusterAdmin
	counter atomic.Int64
}

// parameters are PostgreSQL's: durable in every respect, with room for the connections of all that is compared. All else
// is its default.
var parameters = map[string]string{
	"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
	"max_connections": "400", "shared_buffers": "512MB", "max_wal_size": "8GB",
}

// Start builds the programs and brings PostgreSQL and the broker up. The caller ends them with Close. It fails when the
// database would not be durable: a number taken there would say nothing.
func Start(ctx context.Context, opts Options) (*Rig, error) {
	r := &Rig{opts: opts, bin: filepath.Join(opts.Dir, "bin")}
	var all errgroup.Group // each in its field, whether or not the others come up
	all.Go(func() error { return build(ctx, r.bin) })
	all.Go(func() (err error) {
		r.Postgres, err = postgres.Start(ctx, postgres.Options{
			BinDir: opts.PGBinDir, Mirror: opts.Mirror, CacheDir: opts.CacheDir, DataDir: filepath.Join(opts.Dir, "postgres"),
			Settings: parameters,
		})
		return err
	})
	all.Go(func() (err error) {
		r.Broker, err = broker.Start(ctx, opts.Broker, broker.Options{
			DataDir: filepath.Join(opts.Dir, "broker"), CacheDir: opts.CacheDir, FullJIT: true,
		})
		return err
	})
	err := all.Wait()
	if err == nil {
		err = r.open(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, r.Close(ctx))
	}
	return r, nil
}

func (r *Rig) open(ctx context.Context) (err error) {
	if err := r.checkDurable(ctx); err != nil {
		return err
	}
	config := kafkaclient.Config("bench")
	if r.client, err = sarama.NewClient([]string{r.Broker.Addr()}, config); err != nil {
		return fmt.Errorf("connect to the broker: %w", err)
	}
	if r.admin, err = sarama.NewClusterAdminFromClient(r.client); err != nil {
		return fmt.Errorf("connect to the broker: %w", err)
	}
	return nil
}

// Close ends whatever runs.
func (r *Rig) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	var errs []error
	if r.client != nil {
		errs = append(errs, r.client.Close())
	}
	if r.Broker != nil {
		errs = append(errs, r.Broker.Close(ctx))
	}
	if r.Postgres != nil {
		errs = append(errs, r.Postgres.Close(ctx))
	}
	return errors.Join(errs...)
}

// Name makes a name that was not used before on this rig, for a database, a topic or a group.
func (r *Rig) Name(prefix string) string { return fmt.Sprintf("%s_%d", prefix, r.counter.Add(1)) }

// Database makes an empty database and returns its address, and what removes it.
func (r *Rig) Database(ctx context.Context) (url string, drop func(context.Context) error, err error) {
	name := r.Name("bench")
	if err := r.Postgres.CreateDatabase(ctx, name); err != nil {
		return "", nil, err
	}
	return r.Postgres.URL(name), func(ctx context.Context) error { return r.Postgres.DropDatabase(ctx, name) }, nil
}

// Topic makes an empty topic and returns its name, and what removes it.
func (r *Rig) Topic(ctx context.Context) (topic string, remove func() error, err error) {
	topic = r.Name("bench")
	if err := kafkaclient.EnsureTopic(ctx, r.client, topic, Partitions, quiet); err != nil {
		return "", nil, fmt.Errorf("make a topic: %w", err)
	}
	return topic, func() error { return r.removeTopic(topic) }, nil
}

// removeTopic takes a topic that is not there for removed: a request that is sent again finds what the first one did.
func (r *Rig) removeTopic(topic string) error {
	if err := r.admin.DeleteTopic(topic); err != nil && !errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
		return fmt.Errorf("remove topic %s: %w", topic, err)
	}
	return nil
}

// log is the file that a program writes its log to.
func (r *Rig) log(name string) string { return filepath.Join(r.opts.Dir, name+".log") }

// MakeDir makes a folder for a rig below another, which PostgreSQL's user can reach.
func MakeDir(below string) (string, error) {
	if err := os.MkdirAll(below, 0o755); err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	dir, err := os.MkdirTemp(below, "ordertrack-bench-")
	if err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // root's PostgreSQL runs as another user
		return "", fmt.Errorf("open folder: %w", err)
	}
	return dir, nil
}
