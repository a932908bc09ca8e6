package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
)

func TestMain(m *testing.M) {
	if os.Getenv(fakeVariable) != "" {
		os.Exit(fakeService())
	}
	testenv.Main(m)
}

func TestParseMode(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]mode{"": modeRun, "run": modeRun, "infra": modeInfra} {
		got, err := parseMode(strings.Fields(args))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := parseMode([]string{"--help"})
	require.ErrorIs(t, err, errHelp)
	for _, args := range []string{"walk", "run twice"} {
		_, err := parseMode(strings.Fields(args))
		require.ErrorContains(t, err, "unknown argument")
	}
}

func TestHelpAndMistakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args    []string
		environ []string
		code    int
		stdout  string
		stderr  string
	}{
		"help":             {args: []string{"--help"}, stdout: "POSTGRES_PORT"},
		"unknown argument": {args: []string{"walk"}, code: exitUsage, stderr: `localstack: unknown argument "walk", see --help`},
		"wrong setting":    {environ: []string{"BROKER=rabbit"}, code: exitFailed, stderr: `localstack: BROKER: "rabbit" is no kind of broker`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			require.Equal(t, test.code, run(test.args, test.environ, &stdout, &stderr, nil))
			require.Contains(t, stdout.String(), test.stdout)
			require.Contains(t, stderr.String(), test.stderr)
		})
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig([]string{"LOCAL_DIR=/somewhere", "LOCAL_CACHE=cache"})
	require.NoError(t, err)
	require.Equal(t, "/somewhere", cfg.LocalDir)
	require.Equal(t, cfg.root+"/cache", cfg.CacheDir)
	require.FileExists(t, cfg.root+"/go.mod")

	for variable, want := range map[string]string{
		"POSTGRES_PORT=0":         "POSTGRES_PORT: 0 is not from 1 to 65535",
		"KAFKA_PORT=70000":        "KAFKA_PORT: 70000 is not from 1 to 65535",
		"ORDER_HTTP_ADDR=8080":    "ORDER_HTTP_ADDR: ",
		"TRACK_ADMIN_ADDR=:0":     "TRACK_ADMIN_ADDR: needs a port of its own",
		"BROKER=kafka":            "BROKER: ",
		"LOG_LEVEL=chatty":        "LOG_LEVEL: ",
		"ORDER_ADMIN_ADDR=x:port": "ORDER_ADMIN_ADDR: ",
	} {
		_, err := loadConfig([]string{variable})
		require.ErrorContains(t, err, want)
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		":8080": "http://localhost:8080", "0.0.0.0:8080": "http://localhost:8080", "[::]:8080": "http://localhost:8080",
		"127.0.0.1:8080": "http://127.0.0.1:8080", "[::1]:8080": "http://[::1]:8080",
	} {
		require.Equal(t, want, base(addr))
	}
}

func TestServicesGetTheirSettings(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig([]string{"POSTGRES_PORT=1", "KAFKA_PORT=2", "KAFKA_TOPIC=t", "KAFKA_GROUP=g", "LOG_LEVEL=debug"})
	require.NoError(t, err)
	services := newLauncher(cfg, nil, nil, nil).services()
	common := []string{"KAFKA_BROKERS=127.0.0.1:2", "KAFKA_TOPIC=t", "LOG_LEVEL=DEBUG"}
	require.Equal(t, []service{
		{name: "order_service", admin: ":9080", env: append(common[:3:3],
			"DATABASE_URL=postgres://postgres@127.0.0.1:1/orders", "HTTP_ADDR=:8080", "ADMIN_ADDR=:9080",
			"TRACK_USERS_URL=http://localhost:8081")},
		{name: "track_users", admin: ":9081", env: append(common[:3:3],
			"DATABASE_URL=postgres://postgres@127.0.0.1:1/track_users", "HTTP_ADDR=:8081", "ADMIN_ADDR=:9081", "KAFKA_GROUP=g")},
	}, services)
}

func TestPrefixKeepsLinesWhole(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := newPrefix(&out, "a")
	for _, part := range []string{"one\ntw", "o", "\n\nthree\n", "never ended"} {
		n, err := p.Write([]byte(part))
		require.NoError(t, err)
		require.Equal(t, len(part), n)
	}
	require.Equal(t, "[a] one\n[a] two\n[a] \n[a] three\n", out.String())

	_, err := p.Write(bytes.Repeat([]byte("x"), maxLine))
	require.NoError(t, err)
	require.Greater(t, out.Len(), maxLine, "a line without an end is not kept for ever")
}

func TestTheSecondSignalEndsThePatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signals := make(chan os.Signal)
		ctx, patience, stop := untilSignal(signals, &bytes.Buffer{})
		defer stop()
		signals <- syscall.SIGINT
		<-ctx.Done()
		require.ErrorContains(t, context.Cause(ctx), "interrupt")

		signals <- syscall.SIGINT // the copy that timeout(1) sends to the group
		synctest.Wait()
		require.NoError(t, patience.Err())

		time.Sleep(sameSignal + 1)
		signals <- syscall.SIGTERM
		<-patience.Done()
	})
}

// output is a buffer that can be read while it is written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
