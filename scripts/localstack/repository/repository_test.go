package repository_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/localstack/repository"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRoot(t *testing.T) {
	root := t.TempDir()
	inner := filepath.Join(root, "a", "b")
	require.NoError(t, os.MkdirAll(inner, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), nil, 0o600))
	t.Chdir(inner)
	got, err := repository.Root()
	require.NoError(t, err)
	require.Equal(t, root, got)

	require.NoError(t, os.Remove(filepath.Join(root, "go.mod")))
	_, err = repository.Root()
	require.ErrorContains(t, err, "go.mod")
}

func TestBelow(t *testing.T) {
	t.Parallel()
	require.Equal(t, "/repo/.local", repository.Below("/repo", ".local"))
	require.Equal(t, "/else", repository.Below("/repo", "/else/"))
}
