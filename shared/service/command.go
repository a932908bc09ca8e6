package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"ordertrack/shared/settings"
)

var errSignal = errors.New("ended by a signal")

// Command is something that a service's program does instead of serving, when its name is the only argument.
type Command[C Config] struct {
	Name    string
	Summary string

	// Run does it, and writes for people what came of it. ctx ends on a signal.
	Run func(ctx context.Context, config C, log *slog.Logger, out io.Writer) error
}

func runCommand[C Config](r runner, command Command[C], config C, log *slog.Logger) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	done := make(chan error, 1)
	go func() { done <- command.Run(ctx, config, log, r.stdout) }()
	select {
	case err := <-done:
		return r.exit(err)
	case <-r.signals:
		cancel(errSignal)
		return r.exit(<-done)
	}
}

func help[C Config](r runner, commands []Command[C]) error {
	if err := settings.Help[C](r.stdout, r.program, r.summary); err != nil {
		return fmt.Errorf("write help: %w", err)
	}
	if len(commands) > 0 {
		fmt.Fprintf(r.stdout, "\nCommands, instead of serving:\n")
	}
	for _, command := range commands {
		fmt.Fprintf(r.stdout, "  %s: %s\n", command.Name, command.Summary)
	}
	return nil
}
