package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"ordertrack/scripts/localstack/process"
)

// VersionError says that the data was written by another major version than the programs at hand.
type VersionError struct {
	Data     string // the folder of the data
	Has      int    // the version that wrote it
	Programs string // the folder of the programs
	Is       int    // their version
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("the data in %s is of PostgreSQL %d, the programs in %s are of %d: set PG_BIN_DIR to a PostgreSQL %d, "+
		"or choose another LOCAL_DIR, or remove that folder if its data is not needed", e.Data, e.Has, e.Programs, e.Is, e.Has)
}

// dataMajor is the major version that wrote the data, 0 when there is none.
func dataMajor(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the data: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read the version of the data in %s: %w", data, err)
	}
	return major, nil
}

// initialize makes a new cluster beside its final place and moves it there when it is whole, so that an interrupted
// try leaves nothing that looks like data.
func initialize(ctx context.Context, b binaries, acct *account, data string, sync bool) error {
	fresh := data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove an unfinished cluster: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := acct.own(fresh); err != nil {
		return err
	}
	// The C locale sorts by code point on every machine; UTF8 does not depend on the locales installed.
	args := []string{"-D", fresh, "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C"}
	if !sync {
		args = append(args, "--no-sync")
	}
	err := process.Run(ctx, process.Spec{
		Name: "initdb", Path: b.path("initdb"), Args: args, Env: environment(), Dir: "/",
		Credential: acct.credential(), OnParentDeath: deathSignal,
	})
	if err != nil {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	if err := os.Rename(fresh, data); err != nil {
		return fmt.Errorf("move the new cluster to its place: %w", err)
	}
	return nil
}

// environment is small on purpose: a PGDATA or PGPORT of the person at the keyboard is not for this server.
func environment() []string {
	env := []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH"), "HOME=/"}
	for _, key := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ"} {
		if value, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+value)
		}
	}
	return env
}

// postmaster is what a running server writes into its data folder.
type postmaster struct {
	pid, port int
	ready     bool
}

// readPostmaster reads postmaster.pid; ok is false when there is none or it is not yet whole.
func readPostmaster(data string) (state postmaster, ok bool) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return postmaster{}, false
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 4 {
		return postmaster{}, false
	}
	pid, pidErr := strconv.Atoi(strings.TrimSpace(lines[0]))
	port, portErr := strconv.Atoi(strings.TrimSpace(lines[3]))
	if pidErr != nil || portErr != nil || pid <= 0 {
		return postmaster{}, false
	}
	ready := len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"
	return postmaster{pid: pid, port: port, ready: ready}, true
}

// alive tells whether the process exists and, where that can be seen, is a PostgreSQL.
func (p postmaster) alive() bool {
	if err := syscall.Kill(p.pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	name, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.pid), "comm"))
	return err != nil || strings.HasPrefix(string(name), "postgres")
}
