package pgdb_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/pgdb"
	"ordertrack/shared/settings"
)

const (
	waitLimit = 20 * time.Second
	pollEvery = 10 * time.Millisecond
)

func TestMain(m *testing.M) { testenv.Main(m) }

var quiet = slog.New(slog.DiscardHandler)

func open(t *testing.T, address string, opts ...pgdb.Option) *pgxpool.Pool {
	t.Helper()
	pool, err := pgdb.Open(t.Context(), address, quiet, opts...)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func TestOpen(t *testing.T) {
	t.Parallel()
	pool := open(t, testenv.Database(t), pgdb.MaxConns(3))
	require.EqualValues(t, 3, pool.Config().MaxConns)
	require.NoError(t, pgdb.Ping(pool)(t.Context()))
}

func TestOpenNamesTheSettingWhenWaitingIsInVain(t *testing.T) {
	t.Parallel()
	good := testenv.Database(t)
	changed := func(change func(*url.URL)) string {
		u, err := url.Parse(good)
		require.NoError(t, err)
		change(u)
		return u.String()
	}
	for title, tc := range map[string]struct{ address, want string }{
		"no address":  {"postgres://%zz", "is not a PostgreSQL address"},
		"no database": {changed(func(u *url.URL) { u.Path = "/nowhere" }), `database "nowhere" does not exist`},
		"no role":     {changed(func(u *url.URL) { u.User = url.UserPassword("nobody_here", "s3cret") }), `role "nobody_here" does not exist`},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			_, err := pgdb.Open(t.Context(), tc.address, quiet)
			var wrong *settings.Error
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, pgdb.Setting, wrong.Setting)
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
}

func TestOpenWaitsForAServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	server := testenv.Server(t)
	require.NoError(t, server.Stop(t.Context()))

	var log testenv.Log
	opened := make(chan error, 1)
	go func() {
		pool, err := pgdb.Open(t.Context(), server.URL("postgres"), log.Logger())
		if err == nil {
			pool.Close()
		}
		opened <- err
	}()
	require.Eventually(t, func() bool {
		return log.Contains("waiting for PostgreSQL")
	}, waitLimit, pollEvery)
	require.NoError(t, server.Restart(t.Context()))
	require.NoError(t, <-opened)
	require.Contains(t, log.String(), "/postgres", "the log line names the database")
}

func TestOpenEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, errors.New("stopping"))
	defer cancel()
	_, err := pgdb.Open(ctx, "postgres://postgres@127.0.0.1:1/x", quiet)
	require.EqualError(t, err, "stopping")
}

var migrations = fstest.MapFS{
	"00001_first.sql": {Data: []byte("-- +goose Up\nCREATE TABLE things (id int PRIMARY KEY);\nINSERT INTO things VALUES (1);\n")},
	"00002_more.sql":  {Data: []byte("-- +goose Up\nINSERT INTO things VALUES (2);\n")},
}

func TestMigrateOnceHoweverManyStart(t *testing.T) {
	t.Parallel()
	address := testenv.Database(t)
	var replicas sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		pool := open(t, address)
		replicas.Go(func() { errs[i] = pgdb.Migrate(t.Context(), pool, migrations, quiet) })
	}
	replicas.Wait()
	require.NoError(t, errors.Join(errs...))

	pool := open(t, address)
	require.NoError(t, pgdb.Migrate(t.Context(), pool, migrations, quiet), "a later start finds nothing to do")
	require.Equal(t, 2, count(t, pool))
}

func TestMigrateReportsABadMigration(t *testing.T) {
	t.Parallel()
	pool := open(t, testenv.Database(t))
	bad := fstest.MapFS{"00001_bad.sql": {Data: []byte("-- +goose Up\nCREATE TABEL x();\n")}}
	require.ErrorContains(t, pgdb.Migrate(t.Context(), pool, bad, quiet), "syntax error")
}

func count(t *testing.T, pool *pgxpool.Pool) (n int) {
	t.Helper()
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM things").Scan(&n))
	return n
}

func TestWithTx(t *testing.T) {
	t.Parallel()
	pool := open(t, testenv.Database(t))
	require.NoError(t, pgdb.Migrate(t.Context(), pool, migrations, quiet))
	insert := func(ctx context.Context, id int, after error) error {
		return pgdb.WithTx(ctx, pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO things VALUES ($1)", id)
			return errors.Join(err, after)
		})
	}
	require.NoError(t, insert(t.Context(), 3, nil))
	require.Equal(t, 3, count(t, pool), "committed")

	failure := errors.New("changed my mind")
	require.ErrorIs(t, insert(t.Context(), 4, failure), failure)
	require.Equal(t, 3, count(t, pool), "rolled back")

	ctx, cancel := context.WithCancel(t.Context())
	err := pgdb.WithTx(ctx, pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO things VALUES (5)")
		cancel()
		return err
	})
	require.ErrorIs(t, err, context.Canceled, "the commit's error is returned")
	require.Equal(t, 3, count(t, pool))
}

func TestIsPermanent(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"22P05": true, "23505": true, "42601": true, "0A000": true, "40001": false, "40P01": false, "53300": false, "57P01": false,
	} {
		require.Equal(t, want, pgdb.IsPermanent(errors.Join(&pgconn.PgError{Code: code})), code)
	}
	require.False(t, pgdb.IsPermanent(errors.New("connection reset")))
	require.False(t, pgdb.IsPermanent(nil))
}

func TestAServerThatIsTooOldIsNamed(t *testing.T) {
	t.Parallel()
	require.NoError(t, pgdb.CheckVersion(150_000, "15.0"))
	require.NoError(t, pgdb.CheckVersion(180_006, "18.6"))
	require.EqualError(t, pgdb.CheckVersion(140_020, "14.20 (Debian 14.20-1)"),
		"the server is PostgreSQL 14.20 (Debian 14.20-1): 15 or later is needed")
}
