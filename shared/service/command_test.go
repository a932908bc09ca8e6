package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
)

func command(run func(ctx context.Context, c config, out io.Writer) error) Command[config] {
	return Command[config]{
		Name: "mend", Summary: "mends things",
		Run: func(ctx context.Context, c config, _ *slog.Logger, out io.Writer) error { return run(ctx, c, out) },
	}
}

// served fails when a command is taken for a wish to serve.
var served = fx.Error(errors.New("it serves"))

func TestACommandRunsWithTheSettings(t *testing.T) {
	t.Parallel()
	code, _, stdout, stderr := start([]string{"mend"}, []string{"SIZE=7"}, served,
		command(func(_ context.Context, c config, out io.Writer) error {
			fmt.Fprintln(out, "mended", c.Size)
			return nil
		}))
	require.Equal(t, 0, <-code)
	require.Equal(t, "mended 7\n", stdout.String())
	require.Empty(t, stderr.String())
}

func TestACommandThatFails(t *testing.T) {
	t.Parallel()
	code, _, _, stderr := start([]string{"mend"}, nil, served,
		command(func(context.Context, config, io.Writer) error { return errors.New("too broken") }))
	require.Equal(t, 1, <-code)
	require.Equal(t, "prog: too broken\n", stderr.String())
}

func TestASignalEndsACommand(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	code, signals, _, stderr := start([]string{"mend"}, nil, served,
		command(func(ctx context.Context, _ config, _ io.Writer) error {
			close(begun)
			<-ctx.Done()
			return context.Cause(ctx)
		}))
	<-begun
	signals <- syscall.SIGTERM
	require.Equal(t, 1, <-code)
	require.Equal(t, "prog: ended by a signal\n", stderr.String())
}

func TestACommandIsInTheHelpAndTakesNoArguments(t *testing.T) {
	t.Parallel()
	mend := command(func(context.Context, config, io.Writer) error { return nil })
	code, _, stdout, _ := start([]string{"--help"}, nil, served, mend)
	require.Equal(t, 0, <-code)
	require.Contains(t, stdout.String(), "mend: mends things")
	for _, args := range [][]string{{"mend", "it"}, {"mends"}} {
		code, _, _, stderr := start(args, nil, served, mend)
		require.Equal(t, 2, <-code)
		require.Contains(t, stderr.String(), "unknown argument \""+args[len(args)-1])
	}
}
