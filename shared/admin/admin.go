// Package admin is a service's second port, for those who run it: /livez, /readyz and /metrics, and profiles when asked.
package admin

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ordertrack/shared/httpserver"
)

// checkTimeout bounds one readiness check; probes usually give up after a few seconds themselves.
const checkTimeout = 3 * time.Second

// Check is something that the service cannot do its job without.
type Check struct {
	Name  string
	Ready func(context.Context) error
}

// Server serves the admin port.
type Server struct {
	*httpserver.Server

	mux      *http.ServeMux
	log      *slog.Logger
	checks   []Check
	draining atomic.Bool
	ready    atomic.Bool // the last answer, so that only changes are logged
}

// New makes the server; it listens on Start. /livez answers 200 while the process runs: nothing that it checks would be
// mended by a restart. /readyz answers 200 when each check passes, else 503 naming those that do not.
func New(addr string, log *slog.Logger, reg *prometheus.Registry, checks ...Check) *Server {
	mux := http.NewServeMux()
	s := &Server{mux: mux, log: log, checks: checks}
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		s.respond(w, http.StatusOK, status{Status: "alive"})
	})
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{Registry: reg}))
	s.Server = httpserver.New("admin", addr, mux, log)
	return s
}

// ServeProfiles adds the profiles of runtime/pprof below /debug/pprof/, for go tool pprof. A CPU profile may take as long
// as an answer of this server may: 45 seconds. It must be called before Start.
func (s *Server) ServeProfiles() {
	s.mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	s.mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	s.mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	s.mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	s.mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}

// Drain makes /readyz answer 503 from now on: the first step of a shutdown.
func (s *Server) Drain() { s.draining.Store(true) }

// readyz runs the checks beside each other. The reasons go to the log: they may name what is internal.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		s.respond(w, http.StatusServiceUnavailable, status{Status: "stopping"})
		return
	}
	errs := s.runChecks(r.Context())
	results, ready := make(map[string]string, len(errs)), true
	for i, err := range errs {
		results[s.checks[i].Name] = "ok"
		if err != nil {
			results[s.checks[i].Name], ready = "failing", false
		}
	}
	s.logChange(ready, errs)
	if !ready {
		s.respond(w, http.StatusServiceUnavailable, status{Status: "not ready", Checks: results})
		return
	}
	s.respond(w, http.StatusOK, status{Status: "ready", Checks: results})
}

func (s *Server) runChecks(ctx context.Context) []error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	errs := make([]error, len(s.checks))
	var wg sync.WaitGroup
	for i, check := range s.checks {
		wg.Go(func() { errs[i] = check.Ready(ctx) })
	}
	wg.Wait()
	return errs
}

func (s *Server) logChange(ready bool, errs []error) {
	if s.ready.Swap(ready) == ready {
		return
	}
	if ready {
		s.log.Info("ready")
		return
	}
	for i, err := range errs {
		if err != nil {
			s.log.Warn("not ready", "check", s.checks[i].Name, "error", err)
		}
	}
}

// status is the body of each probe's answer; Checks says ok or failing for each.
type status struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks,omitempty"`
}

func (s *Server) respond(w http.ResponseWriter, code int, body status) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.log.Debug("the prober has gone", "error", err)
	}
}

// NewRegistry makes a metrics registry that holds the standard Go and process metrics.
func NewRegistry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
	)
	return reg
}
