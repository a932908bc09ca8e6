package program_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/program"
	"ordertrack/shared/settings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type config struct {
	Size int `env:"SIZE" default:"3" help:"how large"`
}

func TestSettings(t *testing.T) {
	t.Parallel()
	load := func(environ []string, args ...string) (cfg config, stdout string, err error) {
		var out bytes.Buffer
		cfg, err = program.Settings[config](args, environ, &out, "prog", "does things")
		return cfg, out.String(), err
	}
	cfg, stdout, err := load([]string{"SIZE=7"})
	require.NoError(t, err)
	require.Equal(t, config{Size: 7}, cfg)
	require.Empty(t, stdout)

	for _, help := range []string{"--help", "-help", "-h"} {
		_, stdout, err = load(nil, help)
		require.ErrorIs(t, err, program.ErrHelp)
		require.Contains(t, stdout, "prog: does things")
		require.Contains(t, stdout, "SIZE")
	}
	_, stdout, err = load(nil, "--size", "7")
	require.ErrorContains(t, err, `unknown argument "--size"; all settings come from the environment, see --help`)
	require.Empty(t, stdout)

	_, _, err = load([]string{"SIZE=x"})
	var wrong *settings.Error
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, "SIZE", wrong.Setting)
}
