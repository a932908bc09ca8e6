package stack

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestADiskIsFullAndLeavesItsFiles(t *testing.T) {
	t.Parallel()
	d := &disk{folder: t.TempDir(), kept: filepath.Join(t.TempDir(), "kept")}
	if err := mountTmpfs(d.folder, 1<<20); errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	} else {
		require.NoError(t, err)
	}
	mounted := true
	t.Cleanup(func() {
		if mounted {
			require.NoError(t, unmount(d.folder))
		}
	})
	write := func() error { return os.WriteFile(filepath.Join(d.folder, "data"), []byte("text"), 0o600) }

	require.NoError(t, d.fill())
	require.ErrorIs(t, write(), syscall.ENOSPC)
	require.NoError(t, os.Remove(d.filler()))
	// A child that another test is just starting may hold the removed file open until its program is loaded.
	require.Eventually(t, func() bool { return write() == nil }, 10*time.Second, readyPoll)
	require.NoError(t, d.remove())
	mounted = false
	require.NoFileExists(t, filepath.Join(d.folder, "data"))
	require.FileExists(t, filepath.Join(d.kept, "data"))
}
