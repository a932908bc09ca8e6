// Package postgres runs a real PostgreSQL server on this machine without an installation: it finds the programs or
// fetches them once, makes the data folder, and starts the server as a child that ends with its parent.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"sync"
	"syscall"
	"time"

	"ordertrack/scripts/localstack/dirlock"
	"ordertrack/scripts/localstack/ports"
	"ordertrack/scripts/localstack/process"
)

const (
	// superuser is the one database user, and the name of the database that is always there. There is no password: the
	// server listens on the loopback addresses only.
	superuser = "postgres"
	// program is the server's executable.
	program = "postgres"
	// deathSignal ends the server at once when the parent is killed. Its data is what its write-ahead log says.
	deathSignal = syscall.SIGQUIT
	// killAfter is how long Stop lets the server finish before it kills it, when the context sets no limit.
	killAfter = 60 * time.Second
)

// Options say where a server lives.
type Options struct {
	BinDir   string            // PostgreSQL's programs; empty looks for them, and fetches them when there are none
	DataDir  string            // holds the data (in pgdata) and the log; needed
	LogDir   string            // holds the log instead; empty is DataDir
	CacheDir string            // keeps what was fetched; empty is DataDir
	Mirror   string            // a Maven repository to fetch from; empty is the usual one
	Port     int               // 0 picks a free one
	Settings map[string]string // configuration parameters of the server, as in postgresql.conf
	Archive  bool              // keeps all of the write-ahead log, for Rewind
	Log      *slog.Logger      // nil is silent

	search *search // where to look for programs; nil is PATH and the usual folders
}

// Server is a PostgreSQL server. It can be stopped or killed, and started again on the same data and port.
type Server struct {
	log      *slog.Logger
	bin      binaries
	acct     *account
	data     string // the cluster
	logPath  string
	port     int
	settings map[string]string
	lock     *dirlock.Lock

	mu   sync.Mutex
	proc *process.Process
}

// RunningError says that a server runs on the data already.
type RunningError struct {
	Data string
	PID  int // of the server, 0 when unknown
	Port int // of the server, 0 when unknown
}

func (e *RunningError) Error() string {
	if e.PID == 0 {
		return "a stack already starts or runs on " + e.Data
	}
	return fmt.Sprintf("PostgreSQL already runs on %s: pid %d, port %d", e.Data, e.PID, e.Port)
}

// Start brings a server up and returns when it accepts connections. Its errors: *RunningError, *VersionError,
// *ports.TakenError, and others that carry the last lines of the server's log. The server outlives ctx; the caller
// ends it with Stop and then Close.
func Start(ctx context.Context, opts Options) (*Server, error) {
	s, err := prepare(ctx, opts)
	if err != nil {
		return nil, err
	}
	if err := s.bringUp(ctx, opts.Port); err != nil {
		return nil, errors.Join(err, s.lock.Release())
	}
	return s, nil
}

// bringUp makes the cluster if need be and starts the server, on a picked port if asked is 0.
func (s *Server) bringUp(ctx context.Context, asked int) error {
	if err := s.awaitPredecessor(ctx); err != nil {
		return err
	}
	if asked != 0 { // before a cluster is made for nothing
		if err := ports.Await(ctx, asked); err != nil {
			return err
		}
	}
	major, err := dataMajor(s.data)
	if err != nil {
		return err
	}
	if major == 0 {
		s.log.InfoContext(ctx, "making a new PostgreSQL cluster", "data", s.data, "version", s.bin.major)
		if err := initialize(ctx, s.bin, s.acct, s.data, s.settings["fsync"] != "off"); err != nil {
			return fmt.Errorf("make a PostgreSQL cluster: %w", err)
		}
	}
	if asked != 0 {
		s.port = asked
		return s.launch(ctx)
	}
	return ports.Pick(ctx, func(port int) error {
		s.port = port
		return s.launch(ctx)
	})
}

// Port is where the server listens, on the loopback addresses.
func (s *Server) Port() int { return s.port }

// PID is the process id of the server, for those who want to pause it.
func (s *Server) PID() int { return s.process().PID() }

// LogPath is the file with the server's log.
func (s *Server) LogPath() string { return s.logPath }

// URL is the address of a database on the server, as libpq and pgx take it.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User(superuser), Path: "/" + database, RawQuery: "sslmode=disable",
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
	}
	return u.String()
}

// Done is closed when the server that runs now has ended, for whatever reason. After Restart there is a new one.
func (s *Server) Done() <-chan struct{} { return s.process().Done() }

// Stop ends the server as "pg_ctl stop -m fast" does: open transactions are rolled back, all data is written. When ctx
// ends first, the server is killed. To stop a stopped server is no error.
func (s *Server) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, killAfter)
	defer cancel()
	return s.process().Stop(ctx, syscall.SIGINT)
}

// Kill ends the server as a crash of the machine's software would: by SIGKILL, in the middle of whatever it does.
func (s *Server) Kill() error { return s.process().Kill() }

// Restart starts the server after Stop or Kill, on the same data and port. After Rewind it returns when the recovery has
// ended.
func (s *Server) Restart(ctx context.Context) error {
	select {
	case <-s.Done():
	default:
		return errors.New("restart PostgreSQL: it still runs")
	}
	recovers := s.recovers()
	if err := s.launch(ctx); err != nil || !recovers {
		return err
	}
	return s.awaitRecovery(ctx)
}

// Close stops the server if it runs and gives the data folder up.
func (s *Server) Close(ctx context.Context) error {
	return errors.Join(s.Stop(ctx), s.lock.Release())
}

func (s *Server) process() *process.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc
}
