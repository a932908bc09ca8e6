// Command healthcheck asks the service in the same container whether it is ready, for images that have no curl.
// It reads ADMIN_ADDR, as the service does, and exits 0 when /readyz answers 200, else 1 with the answer on stderr.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// timeout is a second more than the service gives its own checks.
const timeout = 4 * time.Second

// maxAnswer is how much of an answer is worth showing.
const maxAnswer = 4 << 10

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	err := check(ctx, os.Getenv("ADMIN_ADDR"))
	cancel()
	if err != nil {
		fmt.Fprintf(os.Stderr, "healthcheck: %v\n", err)
		os.Exit(1)
	}
}

func check(ctx context.Context, adminAddr string) error {
	address, err := target(adminAddr)
	if err != nil {
		return err
	}
	//nolint:gosec // the address comes from who runs the container
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", http.NoBody)
	if err != nil {
		return fmt.Errorf("ask %s: %w", address, err)
	}
	response, err := http.DefaultClient.Do(request) //nolint:gosec // likewise
	if err != nil {
		return fmt.Errorf("ask %s: %w", address, err)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return fmt.Errorf("read the answer of %s: %w", address, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s: %s", address, response.Status, body)
	}
	return nil
}

// target is where a server can be reached that listens on addr: one that listens everywhere listens on the loopback
// interface, too.
func target(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("ADMIN_ADDR: %q is not an address such as :9080", addr)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}
