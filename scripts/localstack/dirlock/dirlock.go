// Package dirlock gives a directory to one process at a time. The lock is the kernel's (flock), so it ends with its
// holder, however that ends; the file stays and holds the process id of whoever locked last.
package dirlock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ordertrack/shared/backoff"
)

// HeldError says that another process has the lock.
type HeldError struct {
	Path string // the lock file
	PID  int    // who holds it; 0 when that could not be read
}

func (e *HeldError) Error() string {
	if e.PID == 0 {
		return filepath.Dir(e.Path) + " is in use by another process"
	}
	return fmt.Sprintf("%s is in use by another process, pid %d", filepath.Dir(e.Path), e.PID)
}

// Lock is a held lock.
type Lock struct{ file *os.File }

// Try takes the lock file, which is created when absent. The error is a *HeldError when another process holds it.
func Try(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &HeldError{Path: path, PID: holder(path)}
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := writeHolder(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &Lock{file: f}, nil
}

// Wait takes the lock as Try does, and waits while another process holds it. When ctx ends first, the error is both
// the context's cause and the *HeldError.
func Wait(ctx context.Context, path string) (*Lock, error) {
	pause := backoff.Policy{Base: 10 * time.Millisecond, Max: 250 * time.Millisecond}
	for attempt := 0; ; attempt++ {
		lock, err := Try(path)
		var held *HeldError
		if err == nil || !errors.As(err, &held) {
			return lock, err
		}
		if cause := backoff.Sleep(ctx, pause.Delay(attempt)); cause != nil {
			return nil, fmt.Errorf("%w: %w", err, cause)
		}
	}
}

// Release gives the lock up.
func (l *Lock) Release() error {
	if err := l.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("release lock: %w", err)
	}
	return nil
}

func holder(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}

func writeHolder(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("write lock file: %w", err)
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return fmt.Errorf("write lock file: %w", err)
	}
	return nil
}
