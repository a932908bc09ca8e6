package testenv

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/postgres"
)

// Database returns the address of a new, empty database on the PostgreSQL that the tests of this process share. It is
// dropped after the test, whoever is still connected.
func Database(tb testing.TB) string {
	tb.Helper()
	server, err := sharedPostgres.get()
	require.NoError(tb, err, "start PostgreSQL for the tests")
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	require.NoError(tb, server.CreateDatabase(tb.Context(), name))
	tb.Cleanup(func() {
		ctx, cancel := stopping()
		defer cancel()
		require.NoError(tb, server.DropDatabase(ctx, name))
	})
	return server.URL(name)
}

// Server starts a PostgreSQL for one test alone, which may stop, kill, restart and put it back. It ends with the test.
func Server(tb testing.TB) *postgres.Server {
	tb.Helper()
	ctx, cancel := starting()
	defer cancel()
	server, dir, err := inOwnFolder(ctx, func(ctx context.Context, dir, cache string) (*postgres.Server, error) {
		opts := postgresOptions(dir, cache)
		opts.Archive = true
		return postgres.Start(ctx, opts)
	})
	require.NoError(tb, err, "start PostgreSQL for the test")
	tb.Cleanup(func() { closeAndRemove(tb, server, dir) })
	return server
}

func closeAndRemove(tb testing.TB, server closer, dir string) {
	tb.Helper()
	ctx, cancel := stopping()
	defer cancel()
	require.NoError(tb, server.Close(ctx))
	require.NoError(tb, os.RemoveAll(dir))
}
