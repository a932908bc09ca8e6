package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
)

func TestFilesPutBackAreAsTheyWere(t *testing.T) {
	t.Parallel()
	s := testenv.Server(t)
	execute(t, s.URL("postgres"), "CREATE TABLE kept AS SELECT 1 AS value")
	_, err := s.BackUp(t.Context())
	require.Error(t, err, "it runs")
	require.NoError(t, s.Stop(t.Context()))
	backup, err := s.BackUp(t.Context())
	require.NoError(t, err)

	require.NoError(t, s.Restart(t.Context()))
	execute(t, s.URL("postgres"), "UPDATE kept SET value = 2")
	require.Error(t, s.PutBack(t.Context(), backup), "it runs")
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, s.PutBack(t.Context(), backup))
	require.NoError(t, s.Restart(t.Context()))
	require.Equal(t, 1, query[int](t, s.URL("postgres"), "SELECT value FROM kept"))
}

func TestRewindEndsAtThePoint(t *testing.T) {
	t.Parallel()
	s := testenv.Server(t)
	require.NoError(t, s.Stop(t.Context()))
	backup, err := s.BackUp(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Restart(t.Context()))
	execute(t, s.URL("postgres"), "CREATE TABLE kept AS SELECT 1 AS value")
	execute(t, s.URL("postgres"), "SELECT pg_create_restore_point('here')")
	execute(t, s.URL("postgres"), "UPDATE kept SET value = 2")
	execute(t, s.URL("postgres"), "SELECT pg_switch_wal()")
	require.NoError(t, s.Stop(t.Context()))

	require.NoError(t, s.Rewind(t.Context(), backup, "here"))
	require.NoError(t, s.Restart(t.Context()))
	require.Equal(t, 1, query[int](t, s.URL("postgres"), "SELECT value FROM kept"))
	execute(t, s.URL("postgres"), "UPDATE kept SET value = 3") // it is no standby
}

func TestAStandbyOnlyReads(t *testing.T) {
	t.Parallel()
	s := testenv.Server(t)
	require.Error(t, s.StandBy(), "it runs")
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, s.StandBy())
	require.NoError(t, s.Restart(t.Context()))
	require.True(t, query[bool](t, s.URL("postgres"), "SELECT pg_is_in_recovery()"))
}
