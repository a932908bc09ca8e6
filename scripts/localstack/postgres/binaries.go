package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// needed are the programs a folder has to hold. pg_ctl is for the people: this package never runs it.
var needed = []string{"initdb", "pg_ctl", program}

// usualFolders are where package managers and installers put PostgreSQL's programs.
var usualFolders = []string{
	"/usr/lib/postgresql/*/bin",                   // Debian, Ubuntu
	"/usr/pgsql-*/bin",                            // Red Hat, from postgresql.org
	"/usr/libexec/postgresql*",                    // Alpine
	"/opt/homebrew/opt/postgresql@*/bin",          // Homebrew on Apple silicon
	"/opt/homebrew/bin",                           //
	"/usr/local/opt/postgresql@*/bin",             // Homebrew on Intel
	"/usr/local/pgsql/bin",                        // built from source
	"/usr/local/pgsql-*/bin",                      //
	"/Library/PostgreSQL/*/bin",                   // the installer for macOS
	"/Applications/Postgres.app/*/Versions/*/bin", //
	"/usr/bin", // Arch, Fedora
}

// binaries is a folder with PostgreSQL's programs, and which major version they are.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(name string) string { return filepath.Join(b.dir, name) }

// errNone says that no folder of the machine holds PostgreSQL.
var errNone = errors.New("no PostgreSQL was found on this machine")

// search is where to look.
type search struct {
	path    string   // the PATH variable
	folders []string // patterns, as in usualFolders
}

// finder looks for PostgreSQL on the machine.
type finder struct {
	search

	explicit string   // PG_BIN_DIR; when set, nothing else is looked at
	acct     *account // who has to be able to run it
	log      *slog.Logger
}

// find returns the first folder that holds programs of the major version wanted, or of any version when that is 0.
// With another version only, it returns that one: the caller can say more about it. With nothing, errNone.
func (f finder) find(ctx context.Context, wantMajor int) (binaries, error) {
	if f.explicit != "" {
		return f.probe(ctx, f.explicit)
	}
	var other *binaries
	for _, dir := range f.candidates() {
		found, err := f.probe(ctx, dir)
		if err != nil {
			f.log.DebugContext(ctx, "folder is not usable for PostgreSQL", "folder", dir, "reason", err)
			continue
		}
		if wantMajor == 0 || found.major == wantMajor {
			return found, nil
		}
		if other == nil {
			other = &found
		}
	}
	if other != nil {
		return *other, nil
	}
	return binaries{}, errNone
}

// candidates are the folders of PATH, then the usual ones, those with the highest version number first.
func (f finder) candidates() []string {
	dirs := filepath.SplitList(f.path)
	for _, pattern := range f.folders {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			continue // a bad pattern; the test of usualFolders rules it out
		}
		slices.SortFunc(matches, func(a, b string) int { return versionIn(b) - versionIn(a) })
		dirs = append(dirs, matches...)
	}
	return slices.DeleteFunc(dirs, func(dir string) bool { return !filepath.IsAbs(dir) || !holdsAll(dir) })
}

// probe runs the programs' version option as the user who will run the server, which proves that this user can.
func (f finder) probe(ctx context.Context, dir string) (binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return binaries{}, fmt.Errorf("folder of PostgreSQL: %w", err)
	}
	if !holdsAll(dir) {
		return binaries{}, fmt.Errorf("%s does not hold the programs %s", dir, strings.Join(needed, ", "))
	}
	if !f.acct.reaches(dir) {
		return binaries{}, fmt.Errorf("user %s, who has to run PostgreSQL, cannot reach %s", f.acct.name, dir)
	}
	if resolved, err := filepath.EvalSymlinks(filepath.Join(dir, program)); err == nil && holdsAll(filepath.Dir(resolved)) {
		dir = filepath.Dir(resolved)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, program), "--version")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: f.acct.credential()}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return binaries{}, fmt.Errorf("%s --version: %w: %s", cmd.Path, err, strings.TrimSpace(string(out)))
	}
	major, err := parseMajor(string(out))
	if err != nil {
		return binaries{}, fmt.Errorf("%s --version: %w", cmd.Path, err)
	}
	return binaries{dir: dir, major: major}, nil
}

func holdsAll(dir string) bool {
	for _, program := range needed {
		info, err := os.Stat(filepath.Join(dir, program))
		if err != nil || info.IsDir() || info.Mode().Perm()&0o111 == 0 {
			return false
		}
	}
	return true
}

var majorPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// parseMajor reads "postgres (PostgreSQL) 18.3 (Debian 18.3-1)", "... 19devel" and "... 18beta1".
func parseMajor(text string) (int, error) {
	match := majorPattern.FindStringSubmatch(text)
	if match == nil {
		return 0, fmt.Errorf("%q names no version of PostgreSQL", strings.TrimSpace(text))
	}
	major, err := strconv.Atoi(match[1])
	if err != nil {
		return 0, fmt.Errorf("version of PostgreSQL: %w", err)
	}
	return major, nil
}

var digits = regexp.MustCompile(`\d+`)

// versionIn is the last number in a path, which is the version in every folder name of usualFolders.
func versionIn(path string) int {
	all := digits.FindAllString(path, -1)
	if len(all) == 0 {
		return 0
	}
	version, err := strconv.Atoi(all[len(all)-1])
	if err != nil {
		return 0
	}
	return version
}
