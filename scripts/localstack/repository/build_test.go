package repository_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/repository"
)

func TestBuild(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "healthcheck")
	require.NoError(t, repository.Build(t.Context(), "deployments", "-o", program, "./healthcheck"))
	require.FileExists(t, program)
	require.ErrorContains(t, repository.Build(t.Context(), "", "./no/such/package"), "go build")
}

func TestAModuleThatIsNotPartOfTheProgram(t *testing.T) {
	t.Parallel()
	require.Equal(t, "unknown", repository.ModuleVersion("example.com/none"))
}
