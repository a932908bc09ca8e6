package postgres

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeInstall makes a folder with programs that say they are of the version.
func fakeInstall(t *testing.T, root, name, version string) string {
	t.Helper()
	dir := filepath.Join(root, name)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for _, program := range needed {
		script := fmt.Sprintf("#!/bin/sh\necho '%s (PostgreSQL) %s'\n", program, version)
		writeProgram(t, filepath.Join(dir, program), script)
	}
	return dir
}

// writeProgram has another process write the script: while this one has it open for writing, a child that is started by
// a test beside this one inherits that, and the script cannot be run (ETXTBSY).
func writeProgram(t *testing.T, path, script string) {
	t.Helper()
	write := exec.CommandContext(t.Context(), "/bin/sh", "-c", `cat > "$0" && chmod 755 "$0"`, path)
	write.Stdin = strings.NewReader(script)
	require.NoError(t, write.Run())
}

func TestFinder(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	pg9 := fakeInstall(t, root, "usual/9/bin", "9.6.24")
	pg15 := fakeInstall(t, root, "usual/15/bin", "15.13 (Debian 15.13-0+deb12u1)")
	pg18 := fakeInstall(t, root, "usual/18/bin", "18beta1")
	inPath := fakeInstall(t, root, "path", "16.9")
	partial := fakeInstall(t, root, "partial/19/bin", "19devel")
	require.NoError(t, os.Remove(filepath.Join(partial, "initdb")))
	broken := fakeInstall(t, root, "broken/20/bin", "20.0")
	writeProgram(t, filepath.Join(broken, "postgres"), "#!/bin/sh\nexit 1\n")
	usual := []string{filepath.Join(root, "usual/*/bin")}

	for name, test := range map[string]struct {
		explicit, path string
		folders        []string
		wantMajor      int
		dir            string
		major          int
		problem        string
	}{
		"PATH comes first":                    {path: inPath, folders: usual, dir: inPath, major: 16},
		"the newest of the usual folders":     {folders: usual, dir: pg18, major: 18},
		"the version of the data":             {path: inPath, folders: usual, wantMajor: 15, dir: pg15, major: 15},
		"another version than the data's":     {folders: []string{pg9}, wantMajor: 15, dir: pg9, major: 9},
		"PG_BIN_DIR wins":                     {explicit: pg9, path: inPath, folders: usual, dir: pg9, major: 9},
		"PG_BIN_DIR without the programs":     {explicit: partial, problem: "does not hold the programs initdb, pg_ctl, postgres"},
		"PG_BIN_DIR with programs that fail":  {explicit: broken, problem: "exit status 1"},
		"a folder that lacks one is no match": {path: partial, folders: usual, dir: pg18, major: 18},
		"programs that fail are no match":     {path: broken, folders: usual, dir: pg18, major: 18},
		"relative folders of PATH are not":    {path: ".:" + inPath, dir: inPath, major: 16},
		"nothing":                             {path: partial, problem: errNone.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := finder{
				search: search{path: test.path, folders: test.folders}, explicit: test.explicit,
				log: slog.New(slog.DiscardHandler),
			}
			got, err := f.find(t.Context(), test.wantMajor)
			if test.problem != "" {
				require.ErrorContains(t, err, test.problem)
				return
			}
			require.NoError(t, err)
			require.Equal(t, binaries{dir: test.dir, major: test.major}, got)
		})
	}
}

func TestFinderFollowsLinksToTheRealFolder(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	target := fakeInstall(t, root, "real/17/bin", "17.5")
	links := filepath.Join(root, "links")
	require.NoError(t, os.Mkdir(links, 0o755))
	for _, program := range needed {
		require.NoError(t, os.Symlink(filepath.Join(target, program), filepath.Join(links, program)))
	}
	got, err := finder{explicit: links}.find(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, binaries{dir: target, major: 17}, got)
}

func TestUsualFoldersAreGoodPatterns(t *testing.T) {
	t.Parallel()
	for _, pattern := range usualFolders {
		_, err := filepath.Match(pattern, "/")
		require.NoError(t, err, pattern)
		require.True(t, filepath.IsAbs(pattern), pattern)
	}
}

func TestParseMajor(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"postgres (PostgreSQL) 18.3\n":                       18,
		"postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12)": 15,
		"postgres (PostgreSQL) 19devel":                      19,
		"postgres (PostgreSQL) 9.6.24":                       9,
	} {
		got, err := parseMajor(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := parseMajor("mysqld  Ver 8.0")
	require.Error(t, err)
}

func TestVersionError(t *testing.T) {
	t.Parallel()
	err := &VersionError{Data: "/d", Has: 15, Programs: "/p", Is: 18}
	for _, part := range []string{"/d", "PostgreSQL 15", "/p", "18", "PG_BIN_DIR"} {
		require.ErrorContains(t, err, part)
	}
}
