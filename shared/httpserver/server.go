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
	"time"
)

// Limits of every server. A client must send its header and its body in time (slowloris), and keep its header small.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 45 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
)

// Server is an HTTP server with a beginning and an end. Stop is safe before Start, and twice.
type Server struct {
	name string
	log  *slog.Logger
	http *http.Server

	mu       sync.Mutex
	listener net.Listener
	failed   chan error
}

// New makes a server; name says in logs and errors which one it is.
func New(name, addr string, handler http.Handler, log *slog.Logger) *Server {
	return &Server{
		name: name,
		log:  log,
		http: &http.Server{
			Addr:              addr,
			Handler:           handler,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
		failed: make(chan error, 1),
	}
}

// Start listens and returns; requests are served from then on.
func (s *Server) Start(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.http.Addr)
	if err != nil {
		return fmt.Errorf("%s server: %w", s.name, err)
	}
	s.mu.Lock()
	s.listener = listener
	s.mu.Unlock()
	s.log.Info("listening", "server", s.name, "addr", listener.Addr().String())
	go func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("%s server: %w", s.name, err)
		}
	}()
	return nil
}

// Stop takes no new connections and waits for the requests under way. When ctx ends first they are cut off.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("drain the %s server: %w", s.name, err), s.http.Close())
	}
	return nil
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
