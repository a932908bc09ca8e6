// Package stack is a system of its own for a fault test: PostgreSQL, a broker, and both services, each a process that
// can be killed, stopped and started again on the same data and ports.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/postgres"
	"ordertrack/scripts/verify/audit"
)

const closeLimit = 30 * time.Second

// Options say what a stack is made of.
type Options struct {
	Dir      string // holds all data and logs; PostgreSQL's user must be able to reach it
	CacheDir string // keeps downloads
	Programs Programs
	Broker   broker.Kind
	PGBinDir string // empty looks for PostgreSQL's programs
	Mirror   string // a Maven repository to fetch PostgreSQL from; empty is the usual one
}

// Stack is a running system.
type Stack struct {
	Postgres *postgres.Server
	Broker   *broker.Broker
	Orders   *Service
	Track    *Service
}

// Start brings everything up and returns when both services are ready. The caller ends it with Close.
func Start(ctx context.Context, opts Options) (*Stack, error) {
	s := &Stack{}
	if err := s.start(ctx, opts); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context, opts Options) error {
	ports, err := pickPorts(ctx, 6)
	if err != nil {
		return err
	}
	var both errgroup.Group // each in its field, whether or not the other comes up
	both.Go(func() error { return s.startPostgres(ctx, opts, ports[0]) })
	both.Go(func() error { return s.startBroker(ctx, opts, ports[1]) })
	if err := both.Wait(); err != nil {
		return err
	}
	s.Orders = s.service(opts, orderService, "orders", ports[2], ports[3])
	s.Track = s.service(opts, trackUsers, "track_users", ports[4], ports[5])
	if err := errors.Join(s.Orders.Start(), s.Track.Start()); err != nil {
		return err
	}
	return s.WaitReady(ctx)
}

// startPostgres does not fsync: faults kill processes, and those leave what they wrote with the operating system.
func (s *Stack) startPostgres(ctx context.Context, opts Options, port int) (err error) {
	s.Postgres, err = postgres.Start(ctx, postgres.Options{
		BinDir: opts.PGBinDir, Mirror: opts.Mirror, CacheDir: opts.CacheDir, DataDir: filepath.Join(opts.Dir, "postgres"), Port: port,
		Settings: map[string]string{"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"},
	})
	if err != nil {
		return err
	}
	for _, database := range []string{"orders", "track_users"} {
		if err := s.Postgres.CreateDatabase(ctx, database); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) startBroker(ctx context.Context, opts Options, port int) (err error) {
	s.Broker, err = broker.Start(ctx, opts.Broker, broker.Options{
		DataDir: filepath.Join(opts.Dir, "broker"), CacheDir: opts.CacheDir, Port: port, NoSync: true,
	})
	return err
}

func (s *Stack) service(opts Options, name, database string, api, admin int) *Service {
	return &Service{
		Name: name, API: "http://" + address(api), Admin: "http://" + address(admin),
		path: opts.Programs.path(name), log: filepath.Join(opts.Dir, name+".log"),
		env: []string{
			"DATABASE_URL=" + s.Postgres.URL(database), "KAFKA_BROKERS=" + s.Broker.Addr(),
			"KAFKA_TOPIC=user_events", "KAFKA_GROUP=track_users", "LOG_LEVEL=info", "LOG_FORMAT=text",
			"HTTP_ADDR=" + address(api), "ADMIN_ADDR=" + address(admin),
		},
	}
}

// Databases are the addresses that an audit takes.
func (s *Stack) Databases() audit.Databases {
	return audit.Databases{Orders: s.Postgres.URL("orders"), Track: s.Postgres.URL("track_users")}
}

// WaitReady waits until both services say that they are ready.
func (s *Stack) WaitReady(ctx context.Context) error {
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return s.Orders.WaitReady(ctx) })
	both.Go(func() error { return s.Track.WaitReady(ctx) })
	return both.Wait()
}

// Down names the parts that do not run.
func (s *Stack) Down() []string {
	var down []string
	for _, part := range []struct {
		name string
		done <-chan struct{}
	}{
		{"PostgreSQL", s.Postgres.Done()},
		{"the broker", s.Broker.Done()},
		{s.Orders.Name, s.Orders.process().Done()},
		{s.Track.Name, s.Track.process().Done()},
	} {
		select {
		case <-part.done:
			down = append(down, part.name)
		default:
		}
	}
	return down
}

// Close ends whatever runs. The data stays.
func (s *Stack) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	var errs []error
	for _, service := range []*Service{s.Orders, s.Track} {
		if service != nil {
			errs = append(errs, service.close())
		}
	}
	if s.Broker != nil {
		errs = append(errs, s.Broker.Close(ctx))
	}
	if s.Postgres != nil {
		errs = append(errs, s.Postgres.Close(ctx))
	}
	return errors.Join(errs...)
}

// MakeDir makes a folder that PostgreSQL's user can reach, below the folder given or, when that is empty, below the
// system's folder for temporary files.
func MakeDir(below, name string) (string, error) {
	dir, err := os.MkdirTemp(below, "ordertrack-"+name+"-")
	if err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // root's PostgreSQL runs as another user
		return "", fmt.Errorf("open folder: %w", err)
	}
	return dir, nil
}
