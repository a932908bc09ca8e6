// Package ports finds out whether a TCP port of this machine's loopback addresses is free.
package ports

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ordertrack/shared/backoff"
)

// patience is how long a taken port is waited for: a stack that was just ended may need a moment to let go of it.
const patience = 3 * time.Second

// TakenError says that another process listens on the port.
type TakenError struct{ Port int }

func (e *TakenError) Error() string {
	return fmt.Sprintf("port %d is in use by another program", e.Port)
}

// SaysTaken tells whether what a program says at its end is that a port it was given is in use, in the system's words for
// EADDRINUSE (strerror(3)), however they begin.
func SaysTaken(text string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(syscall.EADDRINUSE.Error()))
}

// Free picks a port that is free now. Another process may take it before the caller does.
func Free(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("pick a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("pick a free port: %s is no TCP address", l.Addr())
	}
	return address.Port, nil
}

// picks is how many ports Pick tries.
const picks = 5

// Pick has use begin to listen on a free port, and on another one when it returns a *TakenError: another process may take
// a port that was picked first. Errors: those of Free, and use's last one.
func Pick(ctx context.Context, use func(port int) error) error {
	var err error
	for range picks {
		port, failure := Free(ctx)
		if failure != nil {
			return failure
		}
		err = use(port)
		if _, taken := errors.AsType[*TakenError](err); !taken {
			return err
		}
	}
	return err
}

// Await returns nil once the port is free, and a *TakenError when it is not free for some seconds.
func Await(ctx context.Context, port int) error {
	pause := backoff.Policy{Base: 20 * time.Millisecond, Max: 200 * time.Millisecond}
	begin := time.Now()
	for attempt := 0; ; attempt++ {
		err := check(ctx, port)
		var taken *TakenError
		if !errors.As(err, &taken) || time.Since(begin) > patience {
			return err
		}
		if err := backoff.Sleep(ctx, pause.Delay(attempt)); err != nil {
			return fmt.Errorf("wait for port %d: %w", port, err)
		}
	}
}

// HasIPv6 tells whether the loopback address ::1 can be listened on.
func HasIPv6(ctx context.Context) bool {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "[::1]:0")
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

func check(ctx context.Context, port int) error {
	hosts := []string{"127.0.0.1"}
	if HasIPv6(ctx) {
		hosts = append(hosts, "::1")
	}
	for _, host := range hosts {
		if err := checkAddress(ctx, host, port); err != nil {
			return err
		}
	}
	return nil
}

// checkAddress dials before it listens: some systems let a second listener bind 127.0.0.1 below one on all addresses.
func checkAddress(ctx context.Context, host string, port int) error {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	dialer := net.Dialer{Timeout: time.Second}
	if conn, err := dialer.DialContext(ctx, "tcp", address); err == nil {
		_ = conn.Close()
		return &TakenError{Port: port}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return &TakenError{Port: port}
	}
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	_ = l.Close()
	return nil
}
