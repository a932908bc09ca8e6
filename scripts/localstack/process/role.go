package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// roleVariable tells a re-executed program which role to play.
const roleVariable = "LOCALSTACK_ROLE"

// Role is another life of the same executable: a program that needs a helper process starts itself again in a role.
type Role struct {
	Name string
	// Run does the role's work until it is done or ctx ends (SIGTERM, SIGINT).
	Run func(ctx context.Context, args []string) error
}

var dispatched atomic.Bool

// Dispatch plays the role this process was started for and ends it; it returns when there is none. It has to be the
// first thing in main, and in the TestMain of tests that start servers.
func Dispatch(roles ...Role) {
	dispatched.Store(true)
	name := os.Getenv(roleVariable)
	if name == "" {
		return
	}
	_ = os.Unsetenv(roleVariable) // it must not reach the children of this process
	for _, role := range roles {
		if role.Name == name {
			os.Exit(play(role))
		}
	}
	fmt.Fprintf(os.Stderr, "%s=%s: no such role\n", roleVariable, name)
	os.Exit(2)
}

func play(role Role) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := role.Run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", role.Name, err)
		return 1
	}
	return 0
}

// StartRole runs this very executable again, in the role and with the arguments given; the spec's Path, Args and Env
// are filled in.
func StartRole(role Role, args []string, spec Spec) (*Process, error) {
	if !dispatched.Load() {
		return nil, errors.New("process.Dispatch was not called at the start of this program: it cannot re-execute itself")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the running executable: %w", err)
	}
	spec.Path, spec.Args = self, args
	spec.Env = append(os.Environ(), roleVariable+"="+role.Name)
	return Start(spec)
}
