package postgres

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/repository"
)

// TestFetch runs a server from fetched programs. The download is kept in the cache of the repository; without that
// and without a network there is nothing to test.
func TestFetch(t *testing.T) {
	t.Parallel()
	root, err := repository.Root()
	require.NoError(t, err)
	cache := filepath.Join(root, ".local", "cache")
	if dir := os.Getenv("LOCAL_CACHE"); dir != "" {
		cache = repository.Below(root, dir)
	}
	data, err := os.MkdirTemp("", "ordertrack-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(data)) })
	require.NoError(t, os.Chmod(data, 0o711))

	s, err := Start(t.Context(), Options{
		DataDir: data, CacheDir: cache, Mirror: os.Getenv("POSTGRES_MIRROR"), search: &search{},
		Settings: map[string]string{"fsync": "off"}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil && !anyCached(cache) {
		t.Skipf("PostgreSQL can be neither fetched nor found in the cache: %v", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close(context.Background())) })
	require.Equal(t, fetchedMajor, s.bin.major)
	require.Equal(t, "bin", filepath.Base(s.bin.dir))
	require.NoError(t, s.CreateDatabase(t.Context(), "orders"))
}

func anyCached(cache string) bool {
	return holdsAll(filepath.Join(cache, "postgres-"+string(fetchedVersion), "bin"))
}

func TestFetchSaysWhatToDoWithoutARepository(t *testing.T) {
	t.Parallel()
	_, err := fetch(t.Context(), t.TempDir(), "http://127.0.0.1:1/none", slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "PG_BIN_DIR")
	require.ErrorContains(t, err, "unable to connect to http://127.0.0.1:1/none")
}
