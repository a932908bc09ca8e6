package repository

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"ordertrack/scripts/localstack/process"
)

// Build runs go build with these arguments in a folder of the repository; the empty one is its root.
func Build(ctx context.Context, folder string, args ...string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("find the go command: %w", err)
	}
	return process.Run(ctx, process.Spec{
		Name: "go build", Path: tool, Args: append([]string{"build"}, args...), Dir: filepath.Join(root, folder),
		OnParentDeath: syscall.SIGKILL,
	})
}

// ModuleVersion is the version of a module that this program is built with, and that the services are built with as
// well, since they share a go.mod; "unknown" when the program does not tell.
func ModuleVersion(path string) string {
	const unknown = "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	for _, module := range info.Deps {
		if module.Path == path {
			return module.Version
		}
	}
	return unknown
}
