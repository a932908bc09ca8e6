package proxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const chunkBytes = 32 << 10

// connection is a client's, and the one to the server that belongs to it.
type connection struct {
	proxy  *Proxy
	client net.Conn
	tap    Tap // may be nil

	mu     sync.Mutex
	server net.Conn // nil until it is connected
	over   bool
	ended  chan struct{} // closed by reset
}

// join adds the connection to the server; false when it has ended meanwhile.
func (c *connection) join(server net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server = server
	if c.over {
		_ = server.Close()
	}
	return !c.over
}

// run passes on until both sides have closed, or the connection is reset.
func (c *connection) run() {
	var both sync.WaitGroup
	both.Go(func() { c.pump(ToServer, c.client, c.server) })
	both.Go(func() { c.pump(ToClient, c.server, c.client) })
	both.Wait()
	c.reset() // it is closed on both sides
}

func (c *connection) pump(d Direction, from, to net.Conn) {
	buffer := make([]byte, chunkBytes)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !c.forward(d, buffer[:n], to) {
			c.reset()
			return
		}
		if err == nil {
			continue
		}
		if !c.await(d) {
			return
		}
		if closer, ok := to.(interface{ CloseWrite() error }); !errors.Is(err, io.EOF) || !ok || closer.CloseWrite() != nil {
			c.reset()
		}
		return
	}
}

// forward is false when the connection is to be reset.
func (c *connection) forward(d Direction, chunk []byte, to net.Conn) bool {
	cut := false
	if c.tap != nil && d == ToServer {
		c.tap.ToServer(chunk)
	} else if c.tap != nil {
		chunk, cut = c.tap.ToClient(chunk)
	}
	delay := c.proxy.delay(len(chunk))
	if !c.sleep(delay) || !c.pass(d) {
		return false
	}
	if delay > 0 {
		c.proxy.note(func(s *Suffered) { s.Delay += delay })
	}
	if len(chunk) > 0 && c.proxy.takeHalf() {
		chunk, cut = chunk[:len(chunk)/2], true
	}
	if len(chunk) > 0 {
		if _, err := to.Write(chunk); err != nil {
			return false
		}
	}
	return !cut
}

// pass is await for a piece of data, which is noted when it has to wait.
func (c *connection) pass(d Direction) bool {
	select {
	case <-c.proxy.gate(d):
		return true
	default:
		c.proxy.note(func(s *Suffered) { s.Held[d]++ })
		return c.await(d)
	}
}

// await waits for the gate; false when the connection has ended.
func (c *connection) await(d Direction) bool {
	select {
	case <-c.proxy.gate(d):
		return true
	case <-c.ended:
		return false
	}
}

func (c *connection) sleep(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ended:
		return false
	}
}

// reset ends the connection without a goodbye, and tells whether it was open to both sides. It may be called again.
func (c *connection) reset() (wasOpen bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return false
	}
	c.over = true
	close(c.ended)
	for _, conn := range []net.Conn{c.client, c.server} {
		if conn == nil {
			continue
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // what is unsent is dropped, and a reset is sent
		}
		_ = conn.Close()
	}
	return c.server != nil
}
