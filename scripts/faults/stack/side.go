package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/localstack/postgres"
)

// Side is one of the two halves of the system: a service with a PostgreSQL of its own.
type Side int

// The sides.
const (
	OrdersSide Side = iota // order_service and orders
	TrackSide              // track_users and track_users
)

// Sides are both of them.
func Sides() []Side { return []Side{OrdersSide, TrackSide} }

// String is how names of cells begin.
func (side Side) String() string {
	if side == OrdersSide {
		return "orders"
	}
	return "track"
}

// Service is the name of the side's service.
func (side Side) Service() string {
	if side == OrdersSide {
		return orderService
	}
	return trackUsers
}

// Database is the name of the side's database.
func (side Side) Database() string {
	if side == OrdersSide {
		return "orders"
	}
	return "track_users"
}

// Postgres is what messages call the side's PostgreSQL.
func (side Side) Postgres() string { return "the PostgreSQL of " + side.Service() }

// Broker is what messages call the way from the side's service to the broker.
func (side Side) Broker() string { return "the broker from " + side.Service() }

// API is what messages call the way to the API of the side's service.
func (side Side) API() string {
	if side == OrdersSide {
		return orderService + " from its clients"
	}
	return trackUsers + " from " + orderService
}

// Fleet is the replicas of the side's service.
func (s *Stack) Fleet(side Side) Fleet {
	if side == OrdersSide {
		return s.Orders
	}
	return s.Track
}

// URL is the straight address of the side's database.
func (s *Stack) URL(side Side) string { return s.Postgres[side].URL(side.Database()) }

// startPostgres starts both servers side by side.
func (s *Stack) startPostgres(ctx context.Context, opts Options, ports []int) error {
	var both errgroup.Group // each in its field, whether or not the other comes up
	for _, side := range Sides() {
		both.Go(func() error {
			server, err := startServer(ctx, opts, side, ports[side])
			if server != nil {
				s.Postgres[side] = &Server{Server: server, side: side, seen: s.Seen}
			}
			return err
		})
	}
	return both.Wait()
}

// startServer does not fsync: faults kill processes, and those leave what they wrote with the operating system. It may
// return a server together with an error.
func startServer(ctx context.Context, opts Options, side Side, port int) (*postgres.Server, error) {
	parameters := map[string]string{"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
	maps.Copy(parameters, opts.Needs.Postgres)
	data, logs := filepath.Join(opts.Dir, side.String()+"-postgres"), ""
	if opts.Needs.SmallDisk && side == opts.Needs.DiskSide {
		// The log tells of the full disk, and so cannot lie on it. Of the space, the write-ahead log takes little.
		data, logs = filepath.Join(opts.Dir, side.String()+"-disk", "postgres"), opts.Dir
		parameters["max_wal_size"], parameters["min_wal_size"] = "64MB", "32MB"
	}
	server, err := postgres.Start(ctx, postgres.Options{
		BinDir: opts.PGBinDir, Mirror: opts.Mirror, CacheDir: opts.CacheDir, Port: port,
		DataDir: data, LogDir: logs, Settings: parameters,
		Archive: opts.Needs.Archive && side == OrdersSide,
	})
	if err != nil {
		return nil, err
	}
	return server, server.CreateDatabase(ctx, side.Database())
}

func (s *Stack) closePostgres(ctx context.Context) error {
	var errs []error
	for _, server := range s.Postgres {
		if server != nil {
			errs = append(errs, server.Close(ctx))
		}
	}
	return errors.Join(errs...)
}

// PostgresVersion is the version of both servers.
func (s *Stack) PostgresVersion(ctx context.Context) (version string, err error) {
	conn, err := pgx.Connect(ctx, s.URL(OrdersSide))
	if err != nil {
		return "", fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost with it
	if err := conn.QueryRow(ctx, "SELECT split_part(current_setting('server_version'), ' ', 1)").Scan(&version); err != nil {
		return "", fmt.Errorf("ask PostgreSQL for its version: %w", err)
	}
	return version, nil
}
