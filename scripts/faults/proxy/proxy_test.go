package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/faults/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const limit = 10 * time.Second

// setup puts a proxy before a server that sends back each line, and "bye" when its client has no more to say.
func setup(t *testing.T, newTap func(int) proxy.Tap) *proxy.Proxy {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go echo(conn)
		}
	}()
	p, err := proxy.Listen(t.Context(), listener.Addr().String(), newTap)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func echo(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if _, err := io.Copy(conn, conn); err == nil {
		_, _ = io.WriteString(conn, "bye")
	}
}

type client struct {
	*net.TCPConn

	t     *testing.T
	lines *bufio.Reader
}

func dial(t *testing.T, p *proxy.Proxy) client {
	t.Helper()
	conn, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: p.Port()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(limit)))
	return client{conn, t, bufio.NewReader(conn)}
}

func (c client) say(line string) {
	c.t.Helper()
	_, err := io.WriteString(c, line)
	require.NoError(c.t, err)
}

func (c client) hear(line string) {
	c.t.Helper()
	got, err := c.lines.ReadString('\n')
	require.NoError(c.t, err)
	require.Equal(c.t, line, got)
}

// hearNothing gives a wrong proxy some time to say something.
func (c client) hearNothing() {
	c.t.Helper()
	require.NoError(c.t, c.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err := c.lines.ReadByte()
	require.ErrorIs(c.t, err, os.ErrDeadlineExceeded)
	require.NoError(c.t, c.SetReadDeadline(time.Now().Add(limit)))
}

func (c client) hearReset() {
	c.t.Helper()
	_, err := c.lines.ReadByte()
	require.ErrorIs(c.t, err, syscall.ECONNRESET)
}

func TestPassesOnToTheEnd(t *testing.T) {
	t.Parallel()
	c := dial(t, setup(t, nil))
	c.say("one\n")
	c.hear("one\n")
	require.NoError(t, c.CloseWrite())
	rest, err := io.ReadAll(c.lines)
	require.NoError(t, err)
	require.Equal(t, "bye", string(rest))
}

func TestReset(t *testing.T) {
	t.Parallel()
	p := setup(t, nil)
	a, b := dial(t, p), dial(t, p)
	for _, c := range []client{a, b} {
		c.say("one\n")
		c.hear("one\n")
	}
	require.Zero(t, p.Suffered(), "a fine day")
	require.Equal(t, 2, p.Reset())
	a.hearReset()
	b.hearReset()
	p.Reset()
	require.Equal(t, proxy.Suffered{Resets: 2}, p.Suffered(), "there was nothing to reset the second time")
	again := dial(t, p)
	again.say("two\n")
	again.hear("two\n")
}

func TestWhatIsHeldArrivesLater(t *testing.T) {
	t.Parallel()
	for name, directions := range map[string][]proxy.Direction{
		"requests": {proxy.ToServer},
		"answers":  {proxy.ToClient},
		"both":     {proxy.ToServer, proxy.ToClient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := setup(t, nil)
			old := dial(t, p)
			old.say("one\n")
			old.hear("one\n")
			p.Hold(directions...)
			p.Hold(directions...)
			fresh := dial(t, p)
			for _, c := range []client{old, fresh} {
				c.say("two\n")
				require.NoError(t, c.CloseWrite())
			}
			for _, c := range []client{old, fresh} {
				c.hearNothing()
			}
			p.Release()
			for _, c := range []client{old, fresh} {
				c.hear("two\n")
				rest, err := io.ReadAll(c.lines)
				require.NoError(t, err)
				require.Equal(t, "bye", string(rest))
			}
			held := p.Suffered().Held
			for _, d := range []proxy.Direction{proxy.ToServer, proxy.ToClient} {
				// What never reached the server has no answer that could be held.
				require.Equal(t, d == directions[0], held[d] > 0, "direction %d: %d", d, held[d])
			}
		})
	}
}

func TestWeather(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]proxy.Weather{
		"latency":   {Latency: 30 * time.Millisecond, Jitter: time.Millisecond}, // there and back
		"bandwidth": {BytesPerSecond: 400},                                      // 12 bytes, there and back
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := setup(t, nil)
			c := dial(t, p)
			p.SetWeather(w)
			begin := time.Now()
			c.say("12345678901\n")
			c.hear("12345678901\n")
			require.GreaterOrEqual(t, time.Since(begin), 60*time.Millisecond)
			require.GreaterOrEqual(t, p.Suffered().Delay, 60*time.Millisecond)
		})
	}
}

func TestHalve(t *testing.T) {
	t.Parallel()
	p := setup(t, nil)
	c := dial(t, p)
	p.Halve(1)
	c.say("12345678\n")
	_, err := io.ReadAll(c.lines)
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.Zero(t, p.Halved())
	require.Equal(t, 1, p.Suffered().Halves)
	again := dial(t, p)
	again.say("two\n")
	again.hear("two\n")
}

// taster loses lines that end with x, and cuts at a y.
type taster struct{ sent chan<- string }

func (t taster) ToServer(chunk []byte) { t.sent <- string(chunk) }

func (taster) ToClient(chunk []byte) (passing []byte, cut bool) {
	return bytes.ReplaceAll(chunk, []byte("x\n"), nil), bytes.ContainsRune(chunk, 'y')
}

func TestTap(t *testing.T) {
	t.Parallel()
	sent := make(chan string, 10)
	p := setup(t, func(int) proxy.Tap { return taster{sent} })
	c := dial(t, p)
	c.say("x\n")
	require.Equal(t, "x\n", <-sent)
	c.hearNothing()
	c.say("one\n")
	c.hear("one\n")
	c.say("y\n")
	c.hear("y\n")
	c.hearReset()
}

func TestCloseEndsWhatWaits(t *testing.T) {
	t.Parallel()
	p := setup(t, nil)
	old := dial(t, p)
	old.say("one\n")
	old.hear("one\n")
	p.Hold(proxy.ToServer, proxy.ToClient)
	fresh := dial(t, p)
	for _, c := range []client{old, fresh} {
		c.say("two\n")
	}
	require.NoError(t, p.Close())
	old.hearReset()
	require.NoError(t, p.Close(), "again")
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	p, err := proxy.Listen(context.Background(), "127.0.0.1:1", nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	conn, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: p.Port()})
	if err == nil { // the reset comes a moment later
		defer func() { _ = conn.Close() }()
		require.NoError(t, conn.SetDeadline(time.Now().Add(limit)))
		_, err = conn.Read(make([]byte, 1))
	}
	require.ErrorIs(t, err, syscall.ECONNRESET)
}
