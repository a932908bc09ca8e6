package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// endWithGoRun ends this program in order when the "go run" that started it is gone: "go run" does not pass SIGTERM on.
func endWithGoRun() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the running executable: %w", err)
	}
	if !strings.Contains(self, "/go-build") {
		return nil
	}
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGTERM), 0, 0, 0); err != nil {
		return fmt.Errorf("ask for a signal at the end of go run: %w", err)
	}
	return nil
}
