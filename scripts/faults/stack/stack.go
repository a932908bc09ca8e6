// Package stack is a system of its own for a fault test: a PostgreSQL for each service, a broker, and both services, each a process that
// can be killed, stopped and started again on the same data and ports.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stranger"
	"ordertrack/scripts/localstack/broker"
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
	Needs    Needs

	// Slot of Slots stacks that may run at the same time: their ports are different. Zero is the only one.
	Slot, Slots int
}

// Needs is what a fault needs of its system. The zero value is one process of each service, on straight connections.
type Needs struct {
	Orders, Track int               // replicas that run from the start; 0 is one
	Partitions    int32             // of the topic, which is made beforehand then; 0 leaves it to the services
	Proxied       bool              // all reach each other by way of Links
	Postgres      map[string]string // configuration parameters of both servers
	Archive       bool              // of the orders side: all of the write-ahead log is kept
	SmallDisk     bool              // the PostgreSQL of DiskSide lives on a small disk of its own, which FillDisk fills
	DiskSide      Side
}

// Stack is a running system.
type Stack struct {
	Seen     *evidence.Log // what shows that a fault took place
	Postgres [2]*Server    // by Side
	Broker   *Broker
	Orders   Fleet
	Track    Fleet
	Links    Links

	disk *disk // nil if none is needed

	mu       sync.Mutex
	stranger *stranger.Stranger
}

// Start brings everything up and returns when both services are ready. The caller ends it with Close. A *NoDiskError says
// that a small disk is needed and cannot be had here.
func Start(ctx context.Context, opts Options) (*Stack, error) {
	s := &Stack{Seen: evidence.NewLog()}
	if err := s.start(ctx, opts); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context, opts Options) error {
	ports, err := pickPorts(ctx, 3+2*2*maxReplicas, opts.Slot, max(opts.Slots, 1))
	if err != nil {
		return err
	}
	if opts.Needs.SmallDisk {
		if s.disk, err = mountDisk(opts, opts.Needs.DiskSide); err != nil {
			return err
		}
	}
	var both errgroup.Group
	both.Go(func() error { return s.startPostgres(ctx, opts, ports[:2]) })
	both.Go(func() error { return s.startBroker(ctx, opts, ports[2]) })
	if err := both.Wait(); err != nil {
		return err
	}
	orders, track := ports[3:3+2*maxReplicas], ports[3+2*maxReplicas:]
	if opts.Needs.Proxied {
		if err := s.Links.open(ctx, s.Postgres, s.Broker.Port(), [2]int{orders[0], track[0]}); err != nil {
			return err
		}
	}
	s.Orders = s.fleet(opts, orderService, endpoints{
		database: s.wayToPostgres(OrdersSide),
		broker:   way(s.Links.Broker[OrdersSide], s.Broker.Addr(), s.Broker.Port()),
	}, orders, "TRACK_USERS_URL=http://"+way(s.Links.API[TrackSide], address(track[0]), track[0]))
	s.Track = s.fleet(opts, trackUsers, endpoints{
		database: s.wayToPostgres(TrackSide),
		broker:   way(s.Links.Broker[TrackSide], s.Broker.Addr(), s.Broker.Port()),
	}, track)
	if err := errors.Join(s.Orders.start(opts.Needs.Orders), s.Track.start(opts.Needs.Track)); err != nil {
		return err
	}
	return s.WaitReady(ctx)
}

func (s *Stack) startBroker(ctx context.Context, opts Options, port int) error {
	started, err := broker.Start(ctx, opts.Broker, broker.Options{
		DataDir: filepath.Join(opts.Dir, "broker"), CacheDir: opts.CacheDir, Port: port, NoSync: true,
	})
	if err != nil {
		return err
	}
	s.Broker = &Broker{Broker: started, seen: s.Seen}
	if opts.Needs.Partitions == 0 {
		return nil
	}
	who, err := s.Stranger(ctx)
	if err != nil {
		return err
	}
	return who.MakeTopic(opts.Needs.Partitions)
}

// Databases are the addresses that an audit takes.
func (s *Stack) Databases() audit.Databases {
	return audit.Databases{Orders: s.URL(OrdersSide), Track: s.URL(TrackSide)}
}

// WaitReady waits until all replicas that are meant to run say that they are ready.
func (s *Stack) WaitReady(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	for _, service := range s.running() {
		all.Go(func() error { return service.WaitReady(ctx) })
	}
	return all.Wait()
}

func (s *Stack) running() []*Service { return slices.Concat(s.Orders.Running(), s.Track.Running()) }

// Down names the parts that do not run although they are meant to.
func (s *Stack) Down() []string {
	var down []string
	check := func(name string, done <-chan struct{}) {
		select {
		case <-done:
			down = append(down, name)
		default:
		}
	}
	for _, side := range Sides() {
		check("PostgreSQL of "+side.Database(), s.Postgres[side].Done())
	}
	check("the broker", s.Broker.Done())
	for _, service := range s.running() {
		check(service.Name, service.process().Done())
	}
	return down
}

// Close ends whatever runs. The data stays.
func (s *Stack) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	var errs []error
	for _, service := range slices.Concat(s.Orders, s.Track) {
		errs = append(errs, service.close())
	}
	errs = append(errs, s.Links.close(), s.dismiss())
	if s.Broker != nil {
		errs = append(errs, s.Broker.Close(ctx))
	}
	errs = append(errs, s.closePostgres(ctx))
	if s.disk != nil {
		errs = append(errs, s.disk.remove())
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
