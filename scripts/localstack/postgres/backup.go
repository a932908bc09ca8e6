package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/localstack/process"
	"ordertrack/shared/backoff"
)

// archiveFolder is where a server with Options.Archive keeps its write-ahead log, beside its data.
const archiveFolder = "archive"

var errRuns = errors.New("the server runs")

// Backup is a copy of all files of a cluster, made while its server was stopped.
type Backup struct{ dir string }

// BackUp copies the files of the stopped server. Copies lie beside the data and go with its folder.
func (s *Server) BackUp(ctx context.Context) (Backup, error) {
	for number := 1; ; number++ {
		backup := Backup{dir: s.data + ".backup" + strconv.Itoa(number)}
		if _, err := os.Stat(backup.dir); err == nil {
			continue
		}
		return backup, s.copyFiles(ctx, s.data, backup.dir)
	}
}

// PutBack puts a copy in the place of the stopped server's data. Restart goes on from there, as if nothing had been
// written since.
func (s *Server) PutBack(ctx context.Context, backup Backup) error {
	if s.running() {
		return errRuns
	}
	if err := os.RemoveAll(s.data); err != nil {
		return fmt.Errorf("remove the data: %w", err)
	}
	return s.copyFiles(ctx, backup.dir, s.data)
}

// Rewind puts a copy in the place of the stopped server's data, and lets Restart bring it forward from the archive to a
// point that was made by pg_create_restore_point, on a new timeline: point-in-time recovery. It needs Options.Archive.
func (s *Server) Rewind(ctx context.Context, backup Backup, point string) error {
	if err := s.PutBack(ctx, backup); err != nil {
		return err
	}
	settings := "recovery_target_name = '" + point + "'\nrecovery_target_action = 'promote'\n"
	return errors.Join(s.write("postgresql.auto.conf", settings), s.write("recovery.signal", ""))
}

func (s *Server) recovers() bool {
	_, err := os.Stat(filepath.Join(s.data, "recovery.signal"))
	return err == nil
}

func (s *Server) awaitRecovery(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.URL(superuser))
	if err != nil {
		return fmt.Errorf("connect to the recovering PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost with it
	for {
		var recovers bool
		if err := conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&recovers); err != nil {
			return fmt.Errorf("wait for the recovery: %w", err)
		}
		if !recovers {
			return nil
		}
		if err := backoff.Sleep(ctx, readyPoll); err != nil {
			return fmt.Errorf("wait for the recovery: %w", err)
		}
	}
}

// StandBy lets Restart bring the stopped server up as a standby, which only reads.
func (s *Server) StandBy() error {
	if s.running() {
		return errRuns
	}
	return s.write("standby.signal", "")
}

// Program is the path of another of PostgreSQL's programs, such as pg_dump. Not every set of programs has all of them.
func (s *Server) Program(name string) (path string, ok bool) {
	path = s.bin.path(name)
	_, err := os.Stat(path)
	return path, err == nil
}

func (s *Server) running() bool {
	select {
	case <-s.Done():
		return false
	default:
		return true
	}
}

// copyFiles keeps the owner and the rights of each file: the server refuses others.
func (s *Server) copyFiles(ctx context.Context, from, to string) error {
	if s.running() {
		return errRuns
	}
	err := process.Run(ctx, process.Spec{
		Name: "cp", Path: "/bin/cp", Args: []string{"-Rp", from, to + ".part"}, Env: environment(), Dir: "/",
	})
	if err != nil {
		return fmt.Errorf("copy the files of a cluster: %w", err)
	}
	if err := os.Rename(to+".part", to); err != nil { // a copy that is not whole does not look like one
		return fmt.Errorf("copy the files of a cluster: %w", err)
	}
	return nil
}

func (s *Server) write(name, text string) error {
	path := filepath.Join(s.data, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write into the cluster: %w", err)
	}
	return s.acct.own(path)
}

// archive makes the settings that keep all of the write-ahead log, and give it back in a recovery.
func (s *Server) archive() (map[string]string, error) {
	dir := filepath.Join(filepath.Dir(s.data), archiveFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	quoted := "'" + strings.ReplaceAll(dir, "'", `'\''`) + "'"
	return map[string]string{
		"archive_mode":    "on",
		"archive_command": "cp %p " + quoted + "/%f",
		"restore_command": "cp " + quoted + "/%f %p",
	}, s.acct.own(dir)
}
