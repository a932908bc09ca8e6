// Package load makes the benchmark's load: an HTTP/1.1 client that costs little beside the servers it measures, a closed
// loop, an open loop whose latencies count from when a request was due, and orders that are followed to their counter.
package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

const dialLimit = 5 * time.Second

var errAnswer = errors.New("the answer is no HTTP/1.1 that this client knows")

// conn is a connection that is kept alive and has one request under way at a time. It knows of HTTP what the servers
// that are measured send: a status line, and a body of Content-Length or none.
type conn struct {
	net.Conn

	reader *bufio.Reader
	body   []byte
	token  []byte // the Order-Token of the last answer, if it had one
	stop   func() bool
}

// dial connects. When ctx ends, the connection is closed, whatever it is used for.
func dial(ctx context.Context, addr string) (*conn, error) {
	dialer := net.Dialer{Timeout: dialLimit}
	tcp, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	c := &conn{Conn: tcp, reader: bufio.NewReaderSize(tcp, 4<<10)}
	c.stop = context.AfterFunc(ctx, func() { _ = tcp.Close() })
	return c, nil
}

func (c *conn) close() {
	c.stop()
	_ = c.Close()
}

// do sends a request as it is and reads the answer. The body is valid until the next call.
func (c *conn) do(request []byte) (status int, body []byte, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, nil, fmt.Errorf("send: %w", err)
	}
	return c.receive()
}

func (c *conn) receive() (status int, body []byte, err error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, nil, fmt.Errorf("receive: %w", err)
	}
	const version = "HTTP/1.1 "
	if len(line) < len(version)+3 || string(line[:len(version)]) != version {
		return 0, nil, errAnswer
	}
	if status, err = strconv.Atoi(string(line[len(version) : len(version)+3])); err != nil {
		return 0, nil, errAnswer
	}
	length, err := c.headers()
	if err != nil {
		return 0, nil, err
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	if _, err := io.ReadFull(c.reader, c.body); err != nil {
		return 0, nil, fmt.Errorf("receive: %w", err)
	}
	return status, c.body, nil
}

var (
	contentLength    = []byte("content-length:")
	transferEncoding = []byte("transfer-encoding:")
	orderToken       = []byte("order-token:")
)

// headers reads to the end of the header and returns the length of the body.
func (c *conn) headers() (length int, err error) {
	c.token = c.token[:0]
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, fmt.Errorf("receive: %w", err)
		}
		if len(line) <= len("\r\n") {
			return length, nil
		}
		switch {
		case isField(line, transferEncoding):
			return 0, errAnswer
		case isField(line, contentLength):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return 0, errAnswer
			}
		case isField(line, orderToken):
			c.token = append(c.token, bytes.TrimSpace(line[len(orderToken):])...)
		}
	}
}

func isField(line, name []byte) bool {
	return len(line) > len(name) && bytes.EqualFold(line[:len(name)], name)
}
