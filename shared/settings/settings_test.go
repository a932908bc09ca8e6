package settings_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/shared/settings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type inner struct {
	Level slog.Level `env:"LEVEL" default:"info" help:"how much is logged"`
}

type config struct {
	inner

	URL     string        `env:"URL" default:"postgres://localhost/x?a=b,c" help:"where"`
	Peers   []string      `env:"PEERS" default:"a:1,b:2" help:"with whom"`
	Count   int           `env:"COUNT" default:"3" help:"how many"`
	Loud    bool          `env:"LOUD" default:"false" help:"whether"`
	Timeout time.Duration `env:"TIMEOUT" default:"5s" help:"how long"`
	Token   string        `env:"TOKEN" help:"without a default"`
}

func (c config) Validate() error { return settings.CheckRange("COUNT", c.Count, 1, 10) }

func TestLoadDefaults(t *testing.T) {
	t.Parallel()
	got, err := settings.Load[config]([]string{"COUNT=", "UNRELATED=1", "LEVELX=debug"})
	require.NoError(t, err)
	require.Equal(t, config{
		inner: inner{Level: slog.LevelInfo}, URL: "postgres://localhost/x?a=b,c", Peers: []string{"a:1", "b:2"},
		Count: 3, Timeout: 5 * time.Second,
	}, got)
}

func TestLoadFromEnvironment(t *testing.T) {
	t.Parallel()
	got, err := settings.Load[config]([]string{
		"LEVEL=debug", "URL=postgres://u:p=w@h/db", "PEERS= x:1 , ,y:2", "COUNT=9", "LOUD=true", "TIMEOUT=1m", "TOKEN=t",
	})
	require.NoError(t, err)
	require.Equal(t, config{
		inner: inner{Level: slog.LevelDebug}, URL: "postgres://u:p=w@h/db", Peers: []string{"x:1", "y:2"},
		Count: 9, Loud: true, Timeout: time.Minute, Token: "t",
	}, got)
}

func TestLoadNamesTheSetting(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string]string{
		"COUNT=many":    `COUNT: "many" is not a whole number`,
		"COUNT=11":      `COUNT: 11 is not from 1 to 10`,
		"LOUD=maybe":    `LOUD: "maybe" is neither true nor false`,
		"TIMEOUT=5":     `TIMEOUT: "5" is not a duration such as 500ms, 10s or 2m`,
		"LEVEL=verbose": `LEVEL: "verbose" is not a level: debug, info, warn or error`,
	} {
		_, err := settings.Load[config]([]string{variable})
		var problem *settings.Error
		require.ErrorAs(t, err, &problem)
		require.Equal(t, want, err.Error())
	}
}

func TestLoadReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := settings.Load[config]([]string{"COUNT=x", "TIMEOUT=y"})
	require.ErrorContains(t, err, "COUNT")
	require.ErrorContains(t, err, "TIMEOUT")
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, settings.Help[config](&out, "prog", "does things"))
	require.Equal(t, `prog: does things

Settings, read from the environment:
  LEVEL    how much is logged  (default info)
  URL      where               (default postgres://localhost/x?a=b,c)
  PEERS    with whom           (default a:1,b:2)
  COUNT    how many            (default 3)
  LOUD     whether             (default false)
  TIMEOUT  how long            (default 5s)
  TOKEN    without a default   
`, out.String())
}

func TestChecks(t *testing.T) {
	t.Parallel()
	require.NoError(t, settings.CheckAddr("A", ":0"))
	require.NoError(t, settings.CheckAddr("A", "[::1]:8080"))
	require.NoError(t, settings.CheckPeers("P", []string{"a:1", "[::1]:9092"}))
	require.NoError(t, settings.CheckBaseURL("U", ""))
	require.NoError(t, settings.CheckBaseURL("U", "https://track-users.example:8443/base"))
	require.NoError(t, settings.CheckTopic("T", "user_events.v1-x"))
	require.NoError(t, settings.CheckDuration("D", time.Second, time.Second, time.Minute))
	for _, err := range []error{
		settings.CheckTopic("A", ""),
		settings.CheckTopic("A", ".."),
		settings.CheckTopic("A", "user events"),
		settings.CheckBaseURL("A", "localhost:8081"),
		settings.CheckBaseURL("A", "http://"),
		settings.CheckBaseURL("A", "ftp://x"),
		settings.CheckBaseURL("A", "http://x?y=z"),
		settings.CheckAddr("A", "8080"),
		settings.CheckAddr("A", ":99999"),
		settings.CheckPeers("A", nil),
		settings.CheckPeers("A", []string{"localhost"}),
		settings.CheckPeers("A", []string{":9092"}),
		settings.CheckPeers("A", []string{"a:0"}),
		settings.CheckDuration("A", 0, 1, 2),
		settings.CheckRange("A", 3, 1, 2),
	} {
		require.ErrorContains(t, err, "A: ")
	}
}
