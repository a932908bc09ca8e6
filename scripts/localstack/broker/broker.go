// Package broker runs a Kafka broker on this machine without an installation. It comes in two kinds of the same shape:
// an embedded one that needs nothing, and real Apache Kafka where Java and Maven are there. Either is a child process
// that can be killed and started again on the same data and port.
package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"ordertrack/scripts/localstack/dirlock"
	"ordertrack/scripts/localstack/ports"
	"ordertrack/scripts/localstack/process"
)

// Kind is which broker to run.
type Kind string

// The kinds of broker.
const (
	Embedded Kind = "embedded" // kfake, of franz-go: in Go, starts at once
	Apache   Kind = "apache"   // Apache Kafka in KRaft mode, one node
)

// ParseKind reads a kind as a setting spells it.
func ParseKind(text string) (Kind, error) {
	switch kind := Kind(text); kind {
	case Embedded, Apache:
		return kind, nil
	default:
		return "", fmt.Errorf("%q is no kind of broker: it is %q or %q", text, Embedded, Apache)
	}
}

const (
	readyPoll = 25 * time.Millisecond
	logLines  = 15
	// killAfter is how long Stop lets the broker finish before it kills it, when the context sets no limit.
	killAfter = 30 * time.Second
)

// Options say where a broker lives.
type Options struct {
	DataDir  string       // holds the data and the log; needed. Each kind needs its own.
	CacheDir string       // keeps Apache Kafka's jars, shared by all stacks; empty is DataDir
	Port     int          // 0 picks a free one
	NoSync   bool         // the embedded broker then does not fsync: what it acknowledged survives its death, not the machine's
	FullJIT  bool         // Apache Kafka then uses both compilers of the JVM: it starts slower, and is faster after a while
	Log      *slog.Logger // nil is silent
}

// Broker is a broker with one node. It can be stopped or killed, and started again on the same data and port.
type Broker struct {
	kind Kind
	opts Options
	log  *slog.Logger
	dir  string
	port int
	jars string // of Apache Kafka only
	lock *dirlock.Lock

	mu   sync.Mutex
	proc *process.Process
}

// Start brings a broker up and returns when it answers requests. Its errors: *dirlock.HeldError when a broker runs on
// the data already, *ports.TakenError, and others that carry the last lines of the broker's log. The broker outlives
// ctx; the caller ends it with Close.
func Start(ctx context.Context, kind Kind, opts Options) (*Broker, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(opts.DataDir)
	if err != nil || opts.DataDir == "" {
		return nil, errors.Join(errors.New("a broker needs a data folder"), err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	b := &Broker{kind: kind, opts: opts, log: opts.Log, dir: dir}
	if b.lock, err = dirlock.Try(filepath.Join(dir, "launcher.lock")); err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	if err := b.bringUp(ctx); err != nil {
		return nil, errors.Join(err, b.lock.Release())
	}
	return b, nil
}

func (b *Broker) bringUp(ctx context.Context) error {
	if b.kind == Apache {
		if err := b.prepareApache(ctx); err != nil {
			return fmt.Errorf("prepare Apache Kafka: %w", err)
		}
	}
	if b.opts.Port != 0 {
		b.port = b.opts.Port
		return b.launch(ctx)
	}
	return ports.Pick(ctx, func(port int) error {
		b.port = port
		return b.launch(ctx)
	})
}

func (b *Broker) launch(ctx context.Context) error {
	if err := ports.Await(ctx, b.port); err != nil {
		return err
	}
	logFile, err := process.OpenLog(b.LogPath())
	if err != nil {
		return err
	}
	defer func() { _ = logFile.Close() }() // the child has its own descriptor
	start := b.startEmbedded
	if b.kind == Apache {
		start = b.startApache
	}
	proc, err := start(ctx, logFile)
	if err != nil {
		return err
	}
	if err := b.awaitReady(ctx, proc); err != nil {
		return errors.Join(err, proc.Kill())
	}
	b.mu.Lock()
	b.proc = proc
	b.mu.Unlock()
	b.log.DebugContext(ctx, "the broker answers", "kind", b.kind, "pid", proc.PID(), "address", b.Addr())
	return nil
}

func (b *Broker) awaitReady(ctx context.Context, proc *process.Process) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		if answers(ctx, b.Addr()) {
			return nil
		}
		select {
		case <-proc.Done():
			return b.explainEnd(proc)
		case <-ctx.Done():
			return fmt.Errorf("start broker: %w; its log says:\n%s", context.Cause(ctx), process.Tail(b.LogPath(), logLines))
		case <-tick.C:
		}
	}
}

func (b *Broker) explainEnd(proc *process.Process) error {
	tail := process.Tail(b.LogPath(), logLines)
	if ports.SaysTaken(tail) {
		return fmt.Errorf("start broker: %w", &ports.TakenError{Port: b.port})
	}
	return fmt.Errorf("start %s broker: it ended (%w); its log says:\n%s", b.kind, proc.Err(), tail)
}

// Kind is which broker this is.
func (b *Broker) Kind() Kind { return b.kind }

// Addr is the broker's address, host:port, as clients take it.
func (b *Broker) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(b.port)) }

// Port is where the broker listens, on 127.0.0.1.
func (b *Broker) Port() int { return b.port }

// PID is the process id of the broker, for those who want to pause it.
func (b *Broker) PID() int { return b.process().PID() }

// LogPath is the file with the broker's log.
func (b *Broker) LogPath() string { return filepath.Join(b.dir, "broker.log") }

// Done is closed when the broker that runs now has ended, for whatever reason. After Restart there is a new one.
func (b *Broker) Done() <-chan struct{} { return b.process().Done() }

// Stop ends the broker in order. When ctx ends first, it is killed. To stop a stopped broker is no error.
func (b *Broker) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, killAfter)
	defer cancel()
	return b.process().Stop(ctx, syscall.SIGTERM)
}

// Kill ends the broker by SIGKILL, in the middle of whatever it does.
func (b *Broker) Kill() error { return b.process().Kill() }

// Restart starts the broker after Stop or Kill, on the same data and port.
func (b *Broker) Restart(ctx context.Context) error {
	select {
	case <-b.Done():
	default:
		return errors.New("restart broker: it still runs")
	}
	return b.launch(ctx)
}

// Close stops the broker if it runs and gives the data folder up.
func (b *Broker) Close(ctx context.Context) error {
	return errors.Join(b.Stop(ctx), b.lock.Release())
}

func (b *Broker) process() *process.Process {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.proc
}

// Wipe removes all data of the stopped broker. Restart then starts one that knows nothing.
func (b *Broker) Wipe(ctx context.Context) error {
	select {
	case <-b.Done():
	default:
		return errors.New("wipe the broker: it still runs")
	}
	if err := os.RemoveAll(filepath.Join(b.dir, "data")); err != nil {
		return fmt.Errorf("wipe the broker: %w", err)
	}
	if b.kind != Apache {
		return nil
	}
	return b.prepareApache(ctx)
}
