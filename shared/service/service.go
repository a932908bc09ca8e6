// Package service runs an fx application as a program: settings, logging, signals and exit codes.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"ordertrack/shared/admin"
	"ordertrack/shared/settings"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// startTimeout only bounds what fx would otherwise bound by 15 seconds: a start waits for its database as long as it
// takes, and ends on a signal.
const startTimeout = 365 * 24 * time.Hour

// Settings are those that every service has; a service's own settings embed them.
type Settings struct {
	LogLevel        slog.Level    `env:"LOG_LEVEL" default:"info" help:"least level that is logged: debug, info, warn, error"`
	LogFormat       string        `env:"LOG_FORMAT" default:"text" help:"text (logfmt) or json"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" default:"25s" help:"how long a stop may take, from 1s to 10m"`
	Profiles        bool          `env:"PPROF" default:"false" help:"true serves profiles at /debug/pprof/ of the admin port"`
}

// Common returns the settings that every service has.
func (s Settings) Common() Settings { return s }

// Check checks the settings that every service has.
func (s Settings) Check() error {
	if s.LogFormat != "text" && s.LogFormat != "json" {
		return &settings.Error{Setting: "LOG_FORMAT", Problem: fmt.Sprintf("%q is neither text nor json", s.LogFormat)}
	}
	return settings.CheckDuration("SHUTDOWN_TIMEOUT", s.ShutdownTimeout, time.Second, 10*time.Minute)
}

// Config is a service's settings, with the common ones embedded.
type Config interface{ Common() Settings }

// Main runs a service until it is told to stop, or one of its commands, and returns its exit code: 0 after a clean stop,
// 1 when a setting is wrong, the start or the command failed, or the service gave up, 2 for unknown arguments. SIGTERM
// and SIGINT stop it in order; a second one ends it at once.
func Main[C Config](program, summary string, module func(C) fx.Option, commands ...Command[C]) int {
	signals := make(chan os.Signal, 2)
	// To the end of the process: one signal more, after a clean stop, must not make it end as if it had been killed.
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	limitMemory(os.Getenv)
	r := runner{program: program, summary: summary, stdout: os.Stdout, stderr: os.Stderr, signals: signals}
	return run(r, os.Args[1:], os.Environ(), module, commands...)
}

// The garbage collector runs when the heap has grown by so many percent of what is in use, which is half as often as by
// Go's default: a service in its usual work holds little. From memoryLimit on, in bytes, it works as hard as it has to.
const (
	growth      = 200
	memoryLimit = 150 << 20
)

// limitMemory leaves to GOGC and GOMEMLIMIT what they say (https://pkg.go.dev/runtime#hdr-Environment_Variables).
func limitMemory(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

type runner struct {
	program, summary string
	stdout, stderr   io.Writer
	signals          <-chan os.Signal
}

func run[C Config](r runner, args, environ []string, module func(C) fx.Option, commands ...Command[C]) int {
	var command *Command[C]
	if len(args) > 0 {
		if len(args) == 1 && (args[0] == "--help" || args[0] == "-h" || args[0] == "-help") {
			return r.exit(help(r, commands))
		}
		at := slices.IndexFunc(commands, func(c Command[C]) bool { return len(args) == 1 && c.Name == args[0] })
		if at < 0 {
			fmt.Fprintf(r.stderr, "%s: unknown argument %q; all settings come from the environment, see --help\n",
				r.program, args[len(args)-1])
			return exitUsage
		}
		command = &commands[at]
	}
	config, err := settings.Load[C](environ)
	if err == nil {
		err = config.Common().Check()
	}
	if err != nil {
		return r.fail(err)
	}
	log := newLogger(r.stderr, config.Common())
	if command != nil {
		return runCommand(r, *command, config, log)
	}
	app := fx.New(
		fx.WithLogger(func() fxevent.Logger { return quietFx(log) }),
		fx.StartTimeout(startTimeout),
		fx.StopTimeout(config.Common().ShutdownTimeout),
		fx.Supply(config),
		fx.Supply(log),
		fx.Provide(admin.NewRegistry),
		module(config),
	)
	if err := app.Err(); err != nil {
		return r.fail(err)
	}
	return r.serve(app, log)
}

// exit is the code of what is done with now.
func (r runner) exit(err error) int {
	if err != nil {
		return r.fail(err)
	}
	return exitOK
}

// serve starts the app, waits for a signal or for the app's own end, and stops it.
func (r runner) serve(app *fx.App, log *slog.Logger) int {
	ended := app.Wait()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	started := make(chan error, 1)
	go func() { started <- app.Start(ctx) }()

	select {
	case s := <-r.signals:
		log.Info("stopping while starting", "signal", s.String())
		cancel()
		log.Debug("start ended", "error", <-started)
		return r.stop(app, log, exitOK, false)
	case err := <-started:
		if err != nil {
			return r.fail(err)
		}
	}
	select {
	case s := <-r.signals:
		log.Info("stopping", "signal", s.String())
		return r.stop(app, log, exitOK, false)
	case s := <-ended:
		log.Info("stopping", "signal", s.String(), "exit_code", s.ExitCode)
		return r.stop(app, log, s.ExitCode, s.ExitCode == exitOK)
	}
}

// stop stops the app. fx listens to the same signals as we do: when it told first, our own copy of that signal is still
// to come and is no second one.
func (r runner) stop(app *fx.App, log *slog.Logger, code int, copyToCome bool) int {
	ctx, cancel := context.WithTimeout(context.Background(), app.StopTimeout())
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- app.Stop(ctx) }()
	for {
		select {
		case err := <-stopped:
			if err != nil {
				return r.fail(fmt.Errorf("stop: %w", err))
			}
			log.Info("stopped")
			return code
		case s := <-r.signals:
			if copyToCome {
				copyToCome = false
				continue
			}
			return r.fail(fmt.Errorf("ended at once by a second signal (%s)", s))
		}
	}
}

// fail prints one line for each thing that is wrong: the setting's own error when there is one.
func (r runner) fail(err error) int {
	problems := []error{err}
	if wrong, ok := errors.AsType[*settings.Error](err); ok {
		problems = []error{wrong}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		problems = joined.Unwrap()
	}
	for _, problem := range problems {
		fmt.Fprintf(r.stderr, "%s: %v\n", r.program, problem)
	}
	return exitFailed
}

func newLogger(w io.Writer, s Settings) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// quietFx keeps the container's own events for debugging; what fails is told once, by fail.
func quietFx(log *slog.Logger) fxevent.Logger {
	logger := &fxevent.SlogLogger{Logger: log}
	logger.UseLogLevel(slog.LevelDebug)
	logger.UseErrorLevel(slog.LevelDebug)
	return logger
}
