// Package program is what programs for people share: they take their settings from the environment, --help, and a signal
// to stop.
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"ordertrack/shared/settings"
)

// ErrHelp says that help was asked for, and was written.
var ErrHelp = errors.New("help was asked for")

// Main runs a program to its end with what the process was started with. The context ends on SIGINT and SIGTERM; what
// run returns is the exit code.
func Main(run func(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Settings reads the settings of a program that takes no arguments but --help, which it answers on stdout. Errors:
// ErrHelp, a *settings.Error, or that there is an argument.
func Settings[T any](args, environ []string, stdout io.Writer, name, summary string) (T, error) {
	var none T
	switch {
	case len(args) == 1 && slices.Contains([]string{"--help", "-h", "-help"}, args[0]):
		if err := settings.Help[T](stdout, name, summary); err != nil {
			return none, err
		}
		return none, ErrHelp
	case len(args) > 0:
		return none, fmt.Errorf("unknown argument %q; all settings come from the environment, see --help", args[0])
	}
	return settings.Load[T](environ)
}
