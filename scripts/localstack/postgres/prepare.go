package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"

	"ordertrack/scripts/localstack/dirlock"
)

// prepare finds the place, the programs and the user, and takes the lock of the place.
func prepare(ctx context.Context, opts Options) (*Server, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	asked, err := filepath.Abs(opts.DataDir)
	if err != nil || opts.DataDir == "" {
		return nil, errors.Join(errors.New("a server needs a data folder"), err)
	}
	acct, err := chooseAccount(filepath.Join(asked, "pgdata"))
	if err != nil {
		return nil, err
	}
	dir, err := acct.place(asked)
	if err != nil {
		return nil, err
	}
	if dir != asked {
		opts.Log.WarnContext(ctx, "PostgreSQL cannot run as root and its user cannot reach the folder: the data lives elsewhere",
			"user", acct.name, "folder", asked, "data", dir)
	}
	s := &Server{
		log: opts.Log, acct: acct, settings: opts.Settings,
		data: filepath.Join(dir, "pgdata"), logPath: filepath.Join(cmp.Or(opts.LogDir, dir), "postgres.log"),
	}
	if opts.Archive {
		archive, err := s.archive()
		if err != nil {
			return nil, err
		}
		maps.Copy(archive, opts.Settings)
		s.settings = archive
	}
	if s.lock, err = dirlock.Try(filepath.Join(dir, "launcher.lock")); err != nil {
		return nil, s.explainLock(err)
	}
	if err := s.findPrograms(ctx, opts); err != nil {
		return nil, errors.Join(err, s.lock.Release())
	}
	return s, nil
}

func (s *Server) explainLock(err error) error {
	if _, ok := errors.AsType[*dirlock.HeldError](err); !ok {
		return err
	}
	state, _ := readPostmaster(s.data)
	return &RunningError{Data: s.data, PID: state.pid, Port: state.port}
}

// findPrograms settles which PostgreSQL to run: one of the version of the data if there is any data.
func (s *Server) findPrograms(ctx context.Context, opts Options) error {
	major, err := dataMajor(s.data)
	if err != nil {
		return err
	}
	where := search{path: os.Getenv("PATH"), folders: usualFolders}
	if opts.search != nil {
		where = *opts.search
	}
	f := finder{search: where, explicit: opts.BinDir, acct: s.acct, log: s.log}
	s.bin, err = f.find(ctx, major)
	fits := err == nil && (major == 0 || s.bin.major == major)
	if opts.BinDir == "" && !fits && (errors.Is(err, errNone) || major == fetchedMajor) {
		s.bin, err = s.fetchPrograms(ctx, opts, f)
	}
	if err != nil {
		return fmt.Errorf("find PostgreSQL: %w", err)
	}
	if major != 0 && s.bin.major != major {
		return &VersionError{Data: s.data, Has: major, Programs: s.bin.dir, Is: s.bin.major}
	}
	return nil
}

func (s *Server) fetchPrograms(ctx context.Context, opts Options, f finder) (binaries, error) {
	cache := opts.CacheDir
	if cache == "" {
		cache = opts.DataDir
	}
	cache, err := filepath.Abs(cache)
	if err != nil {
		return binaries{}, fmt.Errorf("cache folder: %w", err)
	}
	if cache, err = s.acct.place(cache); err != nil {
		return binaries{}, err
	}
	dir, err := fetch(ctx, cache, opts.Mirror, s.log)
	if err != nil {
		return binaries{}, err
	}
	return f.probe(ctx, dir)
}
