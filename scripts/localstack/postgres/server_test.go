package postgres_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/ports"
	"ordertrack/scripts/localstack/postgres"
	"ordertrack/scripts/localstack/testenv"
)

// fast leaves out what only a crash of the machine could show.
var fast = map[string]string{"fsync": "off"}

func start(t *testing.T, opts postgres.Options) *postgres.Server {
	t.Helper()
	s, err := postgres.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close(context.Background())) })
	return s
}

func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), sql)
	require.NoError(t, err)
	value, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	require.NoError(t, err)
	return value
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func TestWhatWasCommittedSurvivesKillAndStop(t *testing.T) {
	t.Parallel()
	s := testenv.Server(t)
	port, pid := s.Port(), s.PID()
	require.NoError(t, s.CreateDatabase(t.Context(), "orders"))
	require.NoError(t, s.CreateDatabase(t.Context(), "orders"), "a database that is there is no error")
	execute(t, s.URL("orders"), "CREATE TABLE kept AS SELECT 42 AS value")

	require.Error(t, s.Restart(t.Context()), "it still runs")
	require.NoError(t, s.Kill())
	<-s.Done()
	require.NoError(t, s.Kill(), "to kill the dead is no error")
	require.NoError(t, s.Restart(t.Context()))
	require.Equal(t, port, s.Port())
	require.NotEqual(t, pid, s.PID())
	require.Equal(t, 42, query[int](t, s.URL("orders"), "SELECT value FROM kept"))

	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, s.Stop(t.Context()), "to stop twice is no error")
	require.NoError(t, s.Restart(t.Context()))
	require.Equal(t, 42, query[int](t, s.URL("orders"), "SELECT value FROM kept"))
}

func TestANewServerFindsTheDataOfTheOneBefore(t *testing.T) {
	t.Parallel()
	dir := testenv.DataDir(t)
	first, err := postgres.Start(t.Context(), postgres.Options{DataDir: dir, Settings: fast})
	require.NoError(t, err)
	require.NoError(t, first.CreateDatabase(t.Context(), "kept"))

	_, err = postgres.Start(t.Context(), postgres.Options{DataDir: dir, Settings: fast})
	var running *postgres.RunningError
	require.ErrorAs(t, err, &running)
	require.Equal(t, first.PID(), running.PID)
	require.Equal(t, first.Port(), running.Port)

	require.NoError(t, first.Close(t.Context()))
	second := start(t, postgres.Options{DataDir: dir, Settings: fast, Port: first.Port()})
	require.Equal(t, first.Port(), second.Port())
	require.Equal(t, "UTF8", query[string](t, second.URL("kept"), "SHOW server_encoding"))
	require.Equal(t, "127.0.0.1", query[string](t, second.URL("kept"), "SELECT host(inet_server_addr())"))
}

func TestDurabilityIsOnUnlessAskedOtherwise(t *testing.T) {
	t.Parallel()
	s := start(t, postgres.Options{DataDir: testenv.DataDir(t), Settings: map[string]string{"work_mem": "5MB"}})
	require.Equal(t, "on", query[string](t, s.URL("postgres"), "SHOW fsync"))
	require.Equal(t, "on", query[string](t, s.URL("postgres"), "SHOW synchronous_commit"))
	require.Equal(t, "5MB", query[string](t, s.URL("postgres"), "SHOW work_mem"))
}

func TestDataOfAnotherVersionIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	dir := testenv.DataDir(t)
	version := filepath.Join(dir, "pgdata", "PG_VERSION")
	require.NoError(t, os.Mkdir(filepath.Dir(version), 0o711))
	require.NoError(t, os.WriteFile(version, []byte("8\n"), 0o644))

	_, err := postgres.Start(t.Context(), postgres.Options{DataDir: dir})
	var wrong *postgres.VersionError
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, 8, wrong.Has)
	require.NotEqual(t, 8, wrong.Is)
	require.FileExists(t, version)
}

func TestAnInterruptedInitializationIsStartedAnew(t *testing.T) {
	t.Parallel()
	dir := testenv.DataDir(t)
	leftover := filepath.Join(dir, "pgdata.new")
	require.NoError(t, os.Mkdir(leftover, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(leftover, "PG_VERSION"), []byte("8\n"), 0o600))

	s := start(t, postgres.Options{DataDir: dir, Settings: fast})
	require.Equal(t, 1, query[int](t, s.URL("postgres"), "SELECT 1"))
	require.NoDirExists(t, leftover)
}

func TestAPortInUseIsSaid(t *testing.T) {
	t.Parallel()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = other.Close() })
	port := other.Addr().(*net.TCPAddr).Port
	dir := testenv.DataDir(t)

	_, err = postgres.Start(t.Context(), postgres.Options{DataDir: dir, Port: port})
	var taken *ports.TakenError
	require.ErrorAs(t, err, &taken)
	require.Equal(t, port, taken.Port)
	require.NoDirExists(t, filepath.Join(dir, "pgdata"), "nothing is made for a start that cannot be")
}

func TestAFailedStartShowsTheLog(t *testing.T) {
	t.Parallel()
	_, err := postgres.Start(t.Context(), postgres.Options{
		DataDir: testenv.DataDir(t), Settings: map[string]string{"fsync": "off", "no_such_parameter": "1"},
	})
	require.ErrorContains(t, err, `unrecognized configuration parameter "no_such_parameter"`)
}

func TestAStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	dir := testenv.DataDir(t)
	_, err := postgres.Start(ctx, postgres.Options{DataDir: dir})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	start(t, postgres.Options{DataDir: dir, Settings: fast}) // nothing is in its way
}
