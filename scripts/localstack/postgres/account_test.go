package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// stranger owns nothing on any machine.
var stranger = &account{name: "stranger", uid: 54321, gid: 54321}

func TestReaches(t *testing.T) {
	t.Parallel()
	root, err := os.MkdirTemp("", "ordertrack-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(root)) })
	require.NoError(t, os.Chmod(root, 0o711))
	open, closed := filepath.Join(root, "open"), filepath.Join(root, "closed")
	require.NoError(t, os.Mkdir(open, 0o755))
	require.NoError(t, os.Chmod(open, 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(closed, "inner"), 0o755))
	require.NoError(t, os.Chmod(closed, 0o700))
	require.NoError(t, os.Symlink(closed, filepath.Join(open, "link")))

	for path, want := range map[string]bool{
		open:                                 true,
		filepath.Join(open, "new", "newer"):  true,
		closed:                               false,
		filepath.Join(closed, "inner"):       false,
		filepath.Join(closed, "new"):         false,
		filepath.Join(open, "link", "inner"): false,
	} {
		require.Equal(t, want, stranger.reaches(path), path)
		require.True(t, (*account)(nil).reaches(path), "without a change of user everything is as it was")
	}
}

func TestPlaceFindsARoomForWhoIsLockedOut(t *testing.T) {
	t.Parallel()
	asked := filepath.Join(t.TempDir(), "postgres")
	require.NoError(t, os.Chmod(filepath.Dir(asked), 0o700))

	got, err := stranger.place(asked)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(filepath.Dir(got))) })
	require.NotEqual(t, asked, got)
	require.True(t, strings.HasPrefix(got, sharedTemp()), got)
	require.True(t, stranger.reaches(got))

	again, err := stranger.place(asked)
	require.NoError(t, err)
	require.Equal(t, got, again, "the next run has to find the data")
}

// TestPlaceUnderAStrictUmask is not parallel: the umask is the whole process's.
func TestPlaceUnderAStrictUmask(t *testing.T) {
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	root, err := os.MkdirTemp("", "ordertrack-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(root)) })
	require.NoError(t, os.Chmod(root, 0o711))

	got, err := stranger.place(filepath.Join(root, "new", "newer"))
	require.NoError(t, err)
	require.Equal(t, filepath.Join(root, "new", "newer"), got)
	require.True(t, stranger.reaches(got))

	elsewhere, err := stranger.place(filepath.Join(t.TempDir(), "closed"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(filepath.Dir(elsewhere))) })
	require.True(t, stranger.reaches(elsewhere))
}

func TestMakeOwnRefusesWhatOthersMayWrite(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "room")
	require.NoError(t, makeOwn(dir))
	require.NoError(t, makeOwn(dir))

	require.NoError(t, os.Chmod(dir, 0o777))
	require.ErrorContains(t, makeOwn(dir), "belongs to us alone")
	link := filepath.Join(filepath.Dir(dir), "link")
	require.NoError(t, os.Symlink(os.TempDir(), link))
	require.Error(t, makeOwn(link))
}
