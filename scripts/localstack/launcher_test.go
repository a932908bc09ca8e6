package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/ports"
	"ordertrack/scripts/localstack/testenv"
)

const limit = 60 * time.Second

// stack is a launcher under test, with its own folder and ports.
type stack struct {
	environ        []string
	stdout, stderr *output
	stop           context.CancelCauseFunc
	ended          chan error
}

func environment(t *testing.T) []string {
	t.Helper()
	environ := make([]string, 0, 9)
	environ = append(environ, "LOCAL_DIR="+testenv.DataDir(t), "LOG_LEVEL=debug", "PG_BIN_DIR="+os.Getenv("PG_BIN_DIR"))
	for _, setting := range []string{"POSTGRES_PORT", "KAFKA_PORT"} {
		environ = append(environ, fmt.Sprintf("%s=%d", setting, freePort(t)))
	}
	for _, setting := range []string{"ORDER_HTTP_ADDR", "ORDER_ADMIN_ADDR", "TRACK_HTTP_ADDR", "TRACK_ADMIN_ADDR"} {
		environ = append(environ, fmt.Sprintf("%s=127.0.0.1:%d", setting, freePort(t)))
	}
	return environ
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := ports.Free(t.Context())
	require.NoError(t, err)
	return port
}

func valueOf(environ []string, setting string) string {
	for _, entry := range environ {
		if value, ok := strings.CutPrefix(entry, setting+"="); ok {
			return value
		}
	}
	return ""
}

// launch runs a launcher whose services are this test's own executable.
func launch(t *testing.T, m mode, fake string, environ []string) *stack {
	t.Helper()
	cfg, err := loadConfig(environ)
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	s := &stack{environ: environ, stdout: &output{}, stderr: &output{}, ended: make(chan error, 1)}
	l := newLauncher(cfg, append(os.Environ(), fakeVariable+"="+fake), s.stdout, s.stderr)
	l.build = func(_ context.Context, services []service) (map[string]string, error) {
		executables := map[string]string{}
		for _, service := range services {
			executables[service.name] = self
		}
		return executables, nil
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	s.stop = cancel
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ended <- l.run(ctx, context.Background(), m)
	}()
	t.Cleanup(func() {
		cancel(nil)
		<-done
	})
	return s
}

func (s *stack) awaitReady(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		return strings.Contains(s.stdout.String(), "Ready.") || len(s.ended) > 0
	}, limit, 10*time.Millisecond)
	require.Contains(t, s.stdout.String(), "Ready.", "%s", s.stderr)
}

func (s *stack) awaitEnd(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.ended:
		return err
	case <-time.After(limit):
		t.Fatal("the stack does not end")
		return nil
	}
}

func TestRunBringsEverythingUpAndDown(t *testing.T) {
	t.Parallel()
	s := launch(t, modeRun, "serve", environment(t))
	s.awaitReady(t)

	said := s.stdout.String()
	require.Contains(t, said, "curl -i http://"+valueOf(s.environ, "ORDER_HTTP_ADDR")+"/api/v1/orders")
	require.Contains(t, said, "curl http://"+valueOf(s.environ, "TRACK_HTTP_ADDR")+"/api/v1/users/John%20Doe")
	require.Contains(t, s.stderr.String(), "[order_service] serving "+valueOf(s.environ, "ORDER_HTTP_ADDR")+"\n")
	require.Contains(t, s.stderr.String(), "[track_users] serving "+valueOf(s.environ, "TRACK_HTTP_ADDR")+"\n")
	for _, database := range []string{"orders", "track_users"} {
		conn, err := pgx.Connect(t.Context(), s.database(database))
		require.NoError(t, err)
		require.NoError(t, conn.Close(t.Context()))
	}

	s.stop(&signalError{os.Interrupt})
	require.NoError(t, s.awaitEnd(t))
	for _, name := range []string{"order_service", "track_users"} {
		require.Contains(t, s.stderr.String(), "["+name+"] stopping with the infrastructure up: true\n")
	}
	s.requireDown(t)

	again := launch(t, modeRun, "serve", s.environ)
	again.awaitReady(t)
	again.stop(&signalError{os.Interrupt})
	require.NoError(t, again.awaitEnd(t))
	require.NotContains(t, again.stderr.String(), "making a new PostgreSQL cluster", "the data is kept")
}

func (s *stack) database(name string) string {
	return "postgres://postgres@127.0.0.1:" + valueOf(s.environ, "POSTGRES_PORT") + "/" + name
}

func (s *stack) requireDown(t *testing.T) {
	t.Helper()
	for _, setting := range []string{"POSTGRES_PORT", "KAFKA_PORT"} {
		_, err := net.Dial("tcp", "127.0.0.1:"+valueOf(s.environ, setting))
		require.Error(t, err, setting)
	}
	for _, setting := range []string{"ORDER_ADMIN_ADDR", "TRACK_ADMIN_ADDR"} {
		_, err := net.Dial("tcp", valueOf(s.environ, setting))
		require.Error(t, err, setting)
	}
}

func TestAServiceThatDiesEndsTheStack(t *testing.T) {
	t.Parallel()
	s := launch(t, modeRun, "serve", environment(t))
	s.awaitReady(t)
	response, err := http.Get("http://" + valueOf(s.environ, "TRACK_ADMIN_ADDR") + "/die")
	if err == nil {
		_ = response.Body.Close()
	}
	require.EqualError(t, s.awaitEnd(t), "track_users ended by itself: exit status 3")
	s.requireDown(t)
}

func TestAServiceThatCannotStartEndsTheStack(t *testing.T) {
	t.Parallel()
	s := launch(t, modeRun, "fail", environment(t))
	require.ErrorContains(t, s.awaitEnd(t), "ended by itself: exit status 7")
	require.Contains(t, s.stderr.String(), "] cannot start\n")
	s.requireDown(t)
}

func TestADatabaseThatDiesEndsTheStack(t *testing.T) {
	t.Parallel()
	s := launch(t, modeInfra, "", environment(t))
	s.awaitReady(t)
	require.NotContains(t, s.stdout.String(), "curl", "there is no service to ask")
	conn, err := pgx.Connect(t.Context(), s.database("orders"))
	require.NoError(t, err)
	var folder string
	require.NoError(t, conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&folder))
	require.NoError(t, conn.Close(t.Context()))

	kill(t, postmasterPID(t, folder))
	require.ErrorContains(t, s.awaitEnd(t), "PostgreSQL ended by itself")
	s.requireDown(t)
}

func TestOneStackForOneFolder(t *testing.T) {
	t.Parallel()
	environ := environment(t)
	first := launch(t, modeInfra, "", environ)
	first.awaitReady(t)
	err := launch(t, modeInfra, "", environ).awaitEnd(t)
	require.ErrorContains(t, err, "a stack already runs on "+valueOf(environ, "LOCAL_DIR"))
	require.ErrorContains(t, err, fmt.Sprintf("pid %d", os.Getpid()))
}

func TestATakenPortNamesItsSetting(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"POSTGRES_PORT", "KAFKA_PORT", "TRACK_HTTP_ADDR"} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			environ := environment(t)
			value := valueOf(environ, setting)
			_, port, found := strings.Cut(value, ":")
			if !found {
				port = value
			}
			other, err := net.Listen("tcp", "127.0.0.1:"+port)
			require.NoError(t, err)
			t.Cleanup(func() { _ = other.Close() })
			err = launch(t, modeRun, "serve", environ).awaitEnd(t)
			require.ErrorContains(t, err, setting+": port "+port+" is in use")
		})
	}
}

func TestBuildMakesTheExecutables(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig([]string{"LOCAL_DIR=" + t.TempDir()})
	require.NoError(t, err)
	cfg.root = t.TempDir()
	for name, text := range map[string]string{"go.mod": "module x\n\ngo 1.26\n", "order_service/main.go": "package main\n\nfunc main() {}\n"} {
		path := filepath.Join(cfg.root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	l := newLauncher(cfg, append(os.Environ(), "GOFLAGS="), &output{}, &output{})
	executables, err := l.goBuild(t.Context(), []service{{name: "order_service"}})
	require.NoError(t, err)
	require.FileExists(t, executables["order_service"])

	_, err = l.goBuild(t.Context(), []service{{name: "no_service"}})
	require.ErrorContains(t, err, "go build: exit status 1")
}

func postmasterPID(t *testing.T, folder string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(t, err)
	return pid
}

func kill(t *testing.T, pid int) {
	t.Helper()
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
}
