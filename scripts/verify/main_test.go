package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/scripts/verify/audit"
	"ordertrack/scripts/verify/stage"
)

func TestMain(m *testing.M) { testenv.Main(m) }

type session struct {
	stdout, stderr bytes.Buffer
}

func (p *session) run(ctx context.Context, databases audit.Databases, args ...string) audit.Verdict {
	environ := []string{"ORDERS_DATABASE_URL=" + databases.Orders, "TRACK_DATABASE_URL=" + databases.Track}
	return run(ctx, args, environ, &p.stdout, &p.stderr)
}

func setup(t *testing.T) *stage.Stage {
	t.Helper()
	s := stage.New(t)
	require.NoError(t, s.Order(t.Context(), "Ann", 3, 2))
	require.NoError(t, s.Count(t.Context(), "Ann", 3, 2))
	return s
}

func TestExactIsZero(t *testing.T) {
	t.Parallel()
	var p session
	require.Equal(t, audit.Exact, p.run(t.Context(), setup(t).Databases))
	require.Equal(t, "verified: 2 orders by 1 user, 1 counter exact, 64 lanes dense, lag 0\n", p.stdout.String())
	require.Empty(t, p.stderr.String())
}

func TestDifferenceIsOne(t *testing.T) {
	t.Parallel()
	s := setup(t)
	_, err := s.Track.Exec(t.Context(), `UPDATE track_user SET counter = 3`)
	require.NoError(t, err)
	var p session
	require.Equal(t, audit.Different, p.run(t.Context(), s.Databases))
	require.Equal(t, `"Ann": the counter is 3, want 2 (2 orders, 2 of them due)`+"\n"+
		"1 difference: 2 orders by 1 user, 0 counters exact, 64 lanes dense, lag 0\n", p.stdout.String())
}

func TestLagIsTwo(t *testing.T) {
	t.Parallel()
	s := setup(t)
	require.NoError(t, s.Order(t.Context(), "Ann", 3, 1))
	var p session
	require.Equal(t, audit.Unknown, p.run(t.Context(), s.Databases, "--wait", "100ms"))
	require.Equal(t, "not at rest: 1 event on the way, 1 of them not known to be published\n"+
		"no difference so far: 3 orders by 1 user, 1 counter exact, 64 lanes dense, lag 1\n", p.stdout.String())
}

func TestWaitEndsAtRest(t *testing.T) {
	t.Parallel()
	s := setup(t)
	require.NoError(t, s.Order(t.Context(), "Ann", 3, 1))
	counted := make(chan error, 1)
	go func() { counted <- s.Count(t.Context(), "Ann", 3, 1) }()
	var p session
	require.Equal(t, audit.Exact, p.run(t.Context(), s.Databases, "--wait=1m"))
	require.NoError(t, <-counted)
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var p session
	require.Equal(t, audit.Exact, p.run(t.Context(), setup(t).Databases, "--json"))
	require.Contains(t, p.stdout.String(), `"differences": []`)
	var report audit.Report
	require.NoError(t, json.Unmarshal(p.stdout.Bytes(), &report, json.RejectUnknownMembers(true)))
	require.EqualValues(t, 2, report.Orders)
	require.Equal(t, audit.Lanes, report.DenseLanes)
}

func TestWhatCannotBeToldIsTwo(t *testing.T) {
	t.Parallel()
	const away = "postgres://someone:s3cret@127.0.0.1:1/db"
	for name, c := range map[string]struct {
		databases audit.Databases
		args      []string
		want      string
	}{
		"a database is away": {audit.Databases{Orders: away, Track: away}, nil, "verify: cannot tell: database track_users: "},
		"unknown argument":   {audit.Databases{}, []string{"all"}, `verify: cannot tell: unknown argument "all", see --help`},
		"unknown flag":       {audit.Databases{}, []string{"--all"}, "verify: cannot tell: flag provided but not defined: -all"},
		"no duration":        {audit.Databases{}, []string{"--wait", "long"}, `invalid value "long" for flag -wait`},
		"no address":         {audit.Databases{Orders: away, Track: "s3cret@"}, nil, "the address is not one such as"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p session
			require.Equal(t, audit.Unknown, p.run(t.Context(), c.databases, c.args...))
			require.Empty(t, p.stdout.String())
			require.Contains(t, p.stderr.String(), c.want)
			require.NotContains(t, p.stderr.String(), "s3cret")
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var p session
	require.Equal(t, audit.Exact, p.run(t.Context(), audit.Databases{}, "--help"))
	for _, want := range []string{"--wait", "--json", "ORDERS_DATABASE_URL", "(default postgres://postgres@localhost:5432/track_users)"} {
		require.Contains(t, strings.ReplaceAll(p.stdout.String(), "\n", " "), want)
	}
}
