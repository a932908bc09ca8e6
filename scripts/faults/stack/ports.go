package stack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are picked below those that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): while
// a server is down, no connection of another program may take its port.
const (
	lowestPort = 15_000
	portCount  = 15_000
)

// pickPorts picks ports that are free now, and different: of each other, and of those in other slots.
func pickPorts(ctx context.Context, n, slot, slots int) ([]int, error) {
	ports := make([]int, 0, n)
	count := portCount / slots
	start := rand.IntN(count)
	for i := range count {
		if len(ports) == n {
			return ports, nil
		}
		port := lowestPort + slot*count + (start+i)%count
		if isFree(ctx, port) {
			ports = append(ports, port)
		}
	}
	return nil, errors.New("pick ports: none are free")
}

func isFree(ctx context.Context, port int) bool {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", ":"+strconv.Itoa(port)) // on all addresses
	if err != nil {
		return false
	}
	_ = listener.Close()
	return true
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
