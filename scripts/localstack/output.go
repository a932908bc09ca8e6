package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
)

// lines lets several writers share one output.
type lines struct {
	mu  sync.Mutex
	out io.Writer
}

func newLines(out io.Writer) *lines { return &lines{out: out} }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

// maxLine bounds what is kept of a line that does not end.
const maxLine = 64 << 10

// prefix writes each line with the name of who said it, whole, so that the lines of two programs never mix.
type prefix struct {
	out  io.Writer
	name string
	rest []byte
}

func newPrefix(out io.Writer, name string) *prefix { return &prefix{out: out, name: name} }

func (p *prefix) Write(text []byte) (int, error) {
	p.rest = append(p.rest, text...)
	for {
		end := bytes.IndexByte(p.rest, '\n')
		if end < 0 && len(p.rest) < maxLine {
			return len(text), nil
		}
		if end < 0 {
			end = len(p.rest) - 1
		}
		line := bytes.TrimRight(p.rest[:end+1], "\n")
		if _, err := fmt.Fprintf(p.out, "[%s] %s\n", p.name, line); err != nil {
			return 0, err
		}
		p.rest = p.rest[end+1:]
	}
}

// announce prints where everything is, and something to try.
func (l *launcher) announce(m mode, up *infra) error {
	var b strings.Builder
	b.WriteString("\nReady.\n\n")
	if m == modeRun {
		fmt.Fprintf(&b, "  order_service  %s  (%s/readyz, /metrics)\n", base(l.cfg.OrderHTTP), base(l.cfg.OrderAdmin))
		fmt.Fprintf(&b, "  track_users    %s  (%s/readyz, /metrics)\n", base(l.cfg.TrackHTTP), base(l.cfg.TrackAdmin))
	}
	for _, name := range []string{ordersDatabase, trackDatabase} {
		fmt.Fprintf(&b, "  PostgreSQL     postgres://postgres@localhost:%d/%s\n", up.database.Port(), name)
	}
	fmt.Fprintf(&b, "  Kafka          localhost:%d  (%s)\n", up.broker.Port(), up.broker.Kind())
	fmt.Fprintf(&b, "  data           %s\n", l.cfg.LocalDir)
	if m == modeRun {
		b.WriteString("\nTry it:\n\n")
		fmt.Fprintf(&b, "  curl -i %s/api/v1/orders -H 'Content-Type: application/json' \\\n", base(l.cfg.OrderHTTP))
		b.WriteString("    -d '{\"name\":\"John Doe\",\"note\":\"First order\"}'\n")
		fmt.Fprintf(&b, "  curl %s/api/v1/users/John%%20Doe\n", base(l.cfg.TrackHTTP))
	}
	b.WriteString("\nCtrl-C stops everything; the data stays.\n\n")
	_, err := io.WriteString(l.stdout, b.String())
	return err
}
