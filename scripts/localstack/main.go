// Command localstack runs the whole system on one machine, with nothing to install beyond Go: PostgreSQL, a Kafka
// broker, and both services. "make run" and "make infra" are its two modes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/postgres"
	"ordertrack/scripts/localstack/process"
	"ordertrack/shared/settings"
)

const (
	program = "localstack"
	summary = "runs PostgreSQL, a Kafka broker and both services on this machine\n\n" +
		"  localstack run     everything (without an argument, too)\n" +
		"  localstack infra   only PostgreSQL and the broker"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	process.Dispatch(broker.EmbeddedRole, postgres.FetchRole)
	if err := endWithGoRun(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr, signals))
}

// run is the program without the process around it.
func run(args, environ []string, stdout, stderr io.Writer, signals <-chan os.Signal) int {
	mode, err := parseMode(args)
	if errors.Is(err, errHelp) {
		if err := settings.Help[config](stdout, program, summary); err != nil {
			return fail(stderr, err)
		}
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", program, err)
		return exitUsage
	}
	cfg, err := loadConfig(environ)
	if err != nil {
		return fail(stderr, err)
	}
	ctx, patience, stop := untilSignal(signals, stderr)
	defer stop()
	l := newLauncher(cfg, environ, stdout, stderr)
	err = l.run(ctx, patience, mode)
	if err != nil {
		return fail(stderr, err)
	}
	fmt.Fprintf(stderr, "%s: stopped; the data stays in %s\n", program, cfg.LocalDir)
	return exitOK
}

type mode int

const (
	modeRun mode = iota
	modeInfra
)

var errHelp = errors.New("help is wanted")

func parseMode(args []string) (mode, error) {
	if len(args) == 0 {
		return modeRun, nil
	}
	if len(args) > 1 {
		return 0, fmt.Errorf("unknown argument %q, see --help", args[1])
	}
	switch args[0] {
	case "run":
		return modeRun, nil
	case "infra":
		return modeInfra, nil
	case "-h", "-help", "--help", "help":
		return 0, errHelp
	default:
		return 0, fmt.Errorf("unknown argument %q, see --help", args[0])
	}
}

func fail(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "%s: %v\n", program, err)
	return exitFailed
}

// signalError is the cause of a context that ended because a person, or the system, wants the program to end.
type signalError struct{ signal os.Signal }

func (e *signalError) Error() string { return "stopped by signal: " + e.signal.String() }

// untilSignal returns a context that ends with the first signal, and one that ends with the second: as long as the
// latter lives there is patience for an orderly stop.
func untilSignal(signals <-chan os.Signal, stderr io.Writer) (ctx, patience context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	patience, lose := context.WithCancelCause(context.Background())
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		first := awaitSignal(signals, done, time.Time{})
		if first == nil {
			return
		}
		fmt.Fprintf(stderr, "%s: %s: stopping\n", program, first)
		cancel(&signalError{first})
		if second := awaitSignal(signals, done, time.Now().Add(sameSignal)); second != nil {
			fmt.Fprintf(stderr, "%s: %s again: ending everything at once\n", program, second)
			lose(&signalError{second})
		}
	}()
	return ctx, patience, func() {
		close(done)
		<-ended
		cancel(nil)
		lose(nil)
	}
}

// sameSignal is how soon after a signal another one is taken for its copy: some programs, timeout(1) is one, send a
// signal both to a process and to its group.
const sameSignal = 250 * time.Millisecond

// awaitSignal returns the next signal that comes after the moment given, nil when done comes first.
func awaitSignal(signals <-chan os.Signal, done <-chan struct{}, after time.Time) os.Signal {
	for {
		select {
		case s := <-signals:
			if time.Now().After(after) {
				return s
			}
		case <-done:
			return nil
		}
	}
}
