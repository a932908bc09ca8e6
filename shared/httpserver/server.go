// Package httpserver runs an HTTP server that cuts slow clients off, says when its port is taken, and drains.
package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"

	"ordertrack/shared/backoff"
)

// A stop gives clients this long to hear that their connection is going to be closed.
const (
	drainGrace = 500 * time.Millisecond
	drainPoll  = 5 * time.Millisecond
)

// Limits of every server. A client must send its header and its body in time (slowloris), and keep its header small.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 45 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
)

// maxConnections is how many a server has open at once when nothing else is set.
const maxConnections = 10_000

// Option changes a server.
type Option func(*Server)

// MaxConnections bounds the connections that are open at once. Those above are answered by refuse and closed; above
// twice as many, new ones are not taken until others end.
func MaxConnections(limit int, refuse http.Handler) Option {
	return func(s *Server) { s.limit, s.refuse = int64(limit), refuse }
}

// Timeouts bounds how long a client may take to send its header, and how long to send all of its request.
func Timeouts(header, request time.Duration) Option {
	return func(s *Server) { s.http.ReadHeaderTimeout, s.http.ReadTimeout = header, request }
}

// Server is an HTTP server with a beginning and an end. Stop is safe before Start, and twice.
type Server struct {
	name string
	log  *slog.Logger
	http *http.Server

	limit  int64        // of connections
	refuse http.Handler // answers those above

	unreadable func(w http.ResponseWriter, status int) // answers what is no request; nil leaves that to net/http

	draining atomic.Bool
	open     atomic.Int64 // connections

	mu       sync.Mutex
	listener net.Listener
	failed   chan error
}

// New makes a server; name says in logs and errors which one it is.
func New(name, addr string, handler http.Handler, log *slog.Logger, opts ...Option) *Server {
	s := &Server{name: name, log: log, failed: make(chan error, 1), limit: maxConnections, refuse: http.HandlerFunc(unavailable)}
	s.http = &http.Server{
		Addr:              addr,
		Handler:           s.sayGoodbye(handler),
		ConnState:         s.count,
		ConnContext:       s.markSurplus,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

func unavailable(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusServiceUnavailable)
}

// surplus marks the context of a connection that is one too many.
type surplus struct{}

// markSurplus runs when the connection is not counted yet.
func (s *Server) markSurplus(ctx context.Context, _ net.Conn) context.Context {
	if s.open.Load() < s.limit {
		return ctx
	}
	return context.WithValue(ctx, surplus{}, true)
}

// sayGoodbye has clients close their connections while the server drains, and when there are too many.
func (s *Server) sayGoodbye(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Context().Value(surplus{}) != nil:
			w.Header().Set("Connection", "close")
			s.refuse.ServeHTTP(w, r)
			return
		case s.draining.Load():
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.open.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}

// Start listens and returns; requests are served from then on.
func (s *Server) Start(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.http.Addr)
	if err != nil {
		return fmt.Errorf("%s server: %w", s.name, err)
	}
	listener = netutil.LimitListener(listener, int(2*s.limit))
	if s.unreadable != nil {
		listener = translating{listener, s.unreadable}
	}
	s.mu.Lock()
	s.listener = listener
	s.mu.Unlock()
	s.log.Info("listening", "server", s.name, "addr", listener.Addr().String())
	go func() {
		if err := s.http.Serve(listener); !s.draining.Load() {
			s.failed <- fmt.Errorf("%s server: %w", s.name, err)
		}
	}()
	return nil
}

// Stop takes no new connections and waits for the requests under way. When ctx ends first they are cut off.
//
// A connection that is kept alive looks idle although a request may be on its way, and closing it would leave that one
// without an answer. So for a moment requests are still served, and each answer says that it is the last one.
func (s *Server) Stop(ctx context.Context) error {
	s.draining.Store(true)
	s.closeListener()
	s.awaitGoodbyes(ctx)
	// Shutdown closes the listener, too, and says so when it finds it closed.
	if err := s.http.Shutdown(ctx); err != nil && !errors.Is(err, net.ErrClosed) {
		return errors.Join(fmt.Errorf("drain the %s server: %w", s.name, err), s.http.Close())
	}
	return nil
}

func (s *Server) closeListener() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		_ = s.listener.Close() // the second time it says that it is closed
	}
}

func (s *Server) awaitGoodbyes(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainGrace)
	defer cancel()
	for s.open.Load() > 0 && backoff.Sleep(ctx, drainPoll) == nil {
	}
}

// Failed delivers the error when serving ends other than by Stop.
func (s *Server) Failed() <-chan error { return s.failed }

// Addr is the address it listens on; before Start, the one it was told.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return s.http.Addr
	}
	return s.listener.Addr().String()
}
