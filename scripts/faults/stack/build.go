package stack

import (
	"context"
	"fmt"
	"path/filepath"

	"ordertrack/scripts/localstack/repository"
)

// The services, by the folders of their main packages.
const (
	orderService = "order_service"
	trackUsers   = "track_users"
)

// Programs are the folder with the services' executables. One build serves any number of stacks.
type Programs struct{ dir string }

// Build builds both services into a folder.
func Build(ctx context.Context, dir string) (Programs, error) {
	err := repository.Build(ctx, "", "-buildvcs=false", "-o", dir+string(filepath.Separator), "./"+orderService, "./"+trackUsers)
	if err != nil {
		return Programs{}, fmt.Errorf("build the services: %w", err)
	}
	return Programs{dir: dir}, nil
}

// Paths are the executables.
func (p Programs) Paths() []string { return []string{p.path(orderService), p.path(trackUsers)} }

func (p Programs) path(service string) string { return filepath.Join(p.dir, service) }
