// Package proxy is a TCP proxy between two parts of a system, which makes the network between them bad: slow, silent,
// cut off, or selective.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

const dialLimit = 5 * time.Second

// Direction is one of the two ways of a connection.
type Direction int

// The directions.
const (
	ToServer Direction = iota
	ToClient
)

// Tap looks at the bytes of one connection, as they come. Its methods are called from one goroutine each.
type Tap interface {
	// ToServer is called before the bytes go on.
	ToServer(chunk []byte)
	// ToClient returns what goes on instead, if anything; and whether the connection is reset then. It may keep bytes for
	// later, but not the chunk itself.
	ToClient(chunk []byte) (passing []byte, cut bool)
}

// Weather is what a connection suffers steadily. The zero value is a fine day.
type Weather struct {
	Latency, Jitter time.Duration // of each piece of data, in each direction: Latency, and at most Jitter beyond
	BytesPerSecond  int           // in each direction of each connection; 0 is no limit
}

// Proxy passes connections on to one address.
type Proxy struct {
	target   string
	listener net.Listener
	newTap   func(port int) Tap
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	all      sync.WaitGroup

	mu        sync.Mutex
	weather   Weather
	gates     [2]gate
	connected map[*connection]struct{}
	halves    int // pieces of data to be cut in half
	suffered  Suffered
}

// Listen begins to pass connections on, from a port of its own on 127.0.0.1. newTap makes a tap for each, and is told the port;
// it may be nil.
// The caller ends it with Close.
func Listen(ctx context.Context, target string, newTap func(port int) Tap) (*Proxy, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for %s: %w", target, err)
	}
	p := &Proxy{target: target, listener: listener, newTap: newTap, connected: map[*connection]struct{}{}}
	p.ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for i := range p.gates {
		p.gates[i] = openGate()
	}
	p.all.Go(p.accept)
	return p, nil
}

// Port is where the proxy listens, on 127.0.0.1.
func (p *Proxy) Port() int {
	address, ok := p.listener.Addr().(*net.TCPAddr)
	if !ok { // it is a TCP listener
		panic(fmt.Sprintf("%v is no TCP address", p.listener.Addr()))
	}
	return address.Port
}

// Close resets all connections and ends the proxy.
func (p *Proxy) Close() error {
	p.cancel()
	err := p.listener.Close()
	p.Reset()
	p.all.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the proxy: %w", err)
	}
	return nil
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.all.Go(func() { p.serve(client) })
	}
}

// serve waits with a new connection as long as the way to the server is held: like all that is sent.
func (p *Proxy) serve(client net.Conn) {
	c := &connection{proxy: p, client: client, ended: make(chan struct{})}
	if p.newTap != nil {
		c.tap = p.newTap(p.Port())
	}
	if !p.register(c) {
		c.reset()
		return
	}
	defer p.forget(c)
	if !c.await(ToServer) {
		return
	}
	dialer := net.Dialer{Timeout: dialLimit}
	server, err := dialer.DialContext(p.ctx, "tcp", p.target)
	if err != nil || !c.join(server) {
		c.reset()
		return
	}
	c.run()
}

func (p *Proxy) register(c *connection) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return false
	}
	p.connected[c] = struct{}{}
	return true
}

func (p *Proxy) forget(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.connected, c)
}
