package process

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Run runs a program to its end. It is killed when ctx ends first. The error holds what the program printed; the
// spec's Output is not used.
func Run(ctx context.Context, spec Spec) error {
	var output strings.Builder
	spec.Output = &output
	child, err := Start(spec)
	if err != nil {
		return err
	}
	return child.finish(ctx, &output)
}

// RunRole is Run for a role of this executable.
func RunRole(ctx context.Context, role Role, args []string, spec Spec) error {
	var output strings.Builder
	spec.Output = &output
	child, err := StartRole(role, args, spec)
	if err != nil {
		return err
	}
	return child.finish(ctx, &output)
}

func (p *Process) finish(ctx context.Context, output *strings.Builder) error {
	select {
	case <-p.done:
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("%s: %w", p.name, context.Cause(ctx)), p.Kill())
	}
	if p.err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w: %s", p.name, p.err, strings.TrimSpace(output.String()))
}
