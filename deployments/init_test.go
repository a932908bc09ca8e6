package deployments_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
)

// TestInitScript runs the init script on a server of its own: each role may create tables in its own database, and
// may not enter the other's.
func TestInitScript(t *testing.T) {
	t.Parallel()
	address := testenv.Server(t).URL("postgres")
	d := load(t)
	admin := connect(t, address)
	for statement := range strings.SplitSeq(expand(d), ";\n") {
		_, err := admin.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	for i, program := range programs {
		own := on(t, address, d.env(program, "DATABASE_URL"))
		_, err := connect(t, own).Exec(t.Context(), "CREATE TABLE mine (id int)")
		require.NoError(t, err)

		other := on(t, address, d.env(programs[1-i], "DATABASE_URL"))
		u, err := url.Parse(own)
		require.NoError(t, err)
		intruder, err := url.Parse(other)
		require.NoError(t, err)
		intruder.User = u.User
		_, err = pgx.Connect(t.Context(), intruder.String())
		var refused *pgconn.PgError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, "42501", refused.Code, "insufficient privilege")
	}
}

// expand does what psql does with the script's \getenv and :'variable'.
func expand(d *deployment) string {
	script := getenvLine.ReplaceAllString(d.initSQL, "")
	for _, m := range getenvLine.FindAllStringSubmatch(d.initSQL, -1) {
		script = strings.ReplaceAll(script, ":'"+m[1]+"'", "'"+d.env("postgres", m[2])+"'")
	}
	return script
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

// on gives the address that a service was told, on the test's own server.
func on(t *testing.T, server, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	s, err := url.Parse(server)
	require.NoError(t, err)
	u.Host, u.RawQuery = s.Host, s.RawQuery
	return u.String()
}
