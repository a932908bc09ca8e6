package postgres_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// fault is what a proxy does to the next exchange that passes it.
type fault int32

const (
	none         fault = iota
	cutRequest         // the request never reaches the server, and the connection is closed
	cutAnswer          // the server's whole answer is thrown away, and the connection is closed
	swallowReply       // the answer is thrown away, and the connection stays open: a client can only time out
)

// proxy stands between pgx and PostgreSQL.
type proxy struct {
	target   string
	listener net.Listener
	next     atomic.Int32

	mu    sync.Mutex
	conns []net.Conn
}

// behindProxy starts a proxy and returns the database's address by way of it.
func behindProxy(t *testing.T, databaseURL string) (*proxy, string) {
	t.Helper()
	address, err := url.Parse(databaseURL)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{target: address.Host, listener: listener}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		p.end()
		running.Wait()
	})
	address.Host = listener.Addr().String()
	return p, address.String()
}

// arm makes the next request suffer the fault.
func (p *proxy) arm(f fault) { p.next.Store(int32(f)) }

// end lets nobody through any more.
func (p *proxy) end() {
	_ = p.listener.Close()
	p.closeAll()
}

func (p *proxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
}

func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, client, server)
	p.mu.Unlock()
	var current atomic.Int32
	var both sync.WaitGroup
	both.Go(func() {
		pass(server, client, func([]byte) bool {
			f := fault(p.next.Swap(int32(none)))
			if f != none {
				current.Store(int32(f))
			}
			return f != cutRequest
		})
		_, _ = client.Close(), server.Close()
	})
	both.Go(func() {
		pass(&muted{client, &current}, server, func(data []byte) bool {
			// Each answer ends with ReadyForQuery, 'Z', and the state of the session, idle.
			return fault(current.Load()) != cutAnswer || !bytes.HasSuffix(data, []byte("Z\x00\x00\x00\x05I"))
		})
		_, _ = client.Close(), server.Close()
	})
	both.Wait()
}

// muted throws away what is written once a fault wants it so.
type muted struct {
	io.Writer

	current *atomic.Int32
}

func (m *muted) Write(data []byte) (int, error) {
	if f := fault(m.current.Load()); f == cutAnswer || f == swallowReply {
		return len(data), nil
	}
	return m.Writer.Write(data)
}

// pass copies until an end, an error, or until allow says no: of that read nothing is passed on.
func pass(to io.Writer, from io.Reader, allow func([]byte) bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil || !allow(buffer[:n]) {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
