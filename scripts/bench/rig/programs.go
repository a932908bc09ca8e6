package rig

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"

	"ordertrack/scripts/localstack/repository"
)

// The programs that are measured, by the folders of their main packages.
const (
	OrderService = "order_service"
	TrackUsers   = "track_users"
	Ceiling      = "ceiling"     // order_service that stores nothing
	AtLeastOnce  = "atleastonce" // track_users without its marks
	NaiveOrders  = "naiveorders"
	NaiveUsers   = "naiveusers"
	Watermill    = "watermill"
)

var quiet = slog.New(slog.DiscardHandler)

// build builds all programs of this module into a folder, with the flags of the images.
func build(ctx context.Context, dir string) error {
	return goBuild(ctx, "", dir+string(filepath.Separator), "./order_service", "./order_service/ceiling",
		"./track_users", "./track_users/atleastonce", "./scripts/bench/rivals/naiveorders", "./scripts/bench/rivals/naiveusers")
}

// BuildWatermill builds the program on Watermill, whose dependencies are a module of their own: *MissingError when they cannot
// be had.
func (r *Rig) BuildWatermill(ctx context.Context) error {
	err := goBuild(ctx, "scripts/bench/watermill", filepath.Join(r.bin, Watermill), ".")
	if err != nil && ctx.Err() == nil {
		return &MissingError{Reason: "Watermill cannot be built here: " + err.Error()}
	}
	return err
}

func goBuild(ctx context.Context, module, output string, packages ...string) error {
	return repository.Build(ctx, module, append([]string{"-trimpath", "-ldflags", "-s -w", "-o", output}, packages...)...)
}

// Size is the size of a program, in bytes.
func (r *Rig) Size(program string) (int64, error) {
	info, err := os.Stat(filepath.Join(r.bin, program))
	if err != nil {
		return 0, fmt.Errorf("size of %s: %w", program, err)
	}
	return info.Size(), nil
}

// Library is the version of a library that a program was built with.
func (r *Rig) Library(program, path string) (string, error) {
	info, err := buildinfo.ReadFile(filepath.Join(r.bin, program))
	if err != nil {
		return "", fmt.Errorf("libraries of %s: %w", program, err)
	}
	at := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == path })
	if at < 0 {
		return "", fmt.Errorf("libraries of %s: %s is none of them", program, path)
	}
	return info.Deps[at].Version, nil
}

// Tool finds one of PostgreSQL's client programs: *MissingError when there is none.
func (r *Rig) Tool(name string) (string, error) {
	if r.opts.PGBinDir != "" {
		if path := filepath.Join(r.opts.PGBinDir, name); isProgram(path) {
			return path, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", &MissingError{Reason: name + " is not on this machine"}
	}
	return path, nil
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
