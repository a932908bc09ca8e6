package pgwire_test

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/faults/loss"
	"ordertrack/scripts/faults/pgwire"
	"ordertrack/scripts/faults/proxy"
	"ordertrack/scripts/localstack/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// setup makes a database with an empty table, and a way to it that loses answers.
func setup(t *testing.T) (straight *pgx.Conn, answers *loss.Answers, connect func() *pgx.Conn) {
	t.Helper()
	address := testenv.Database(t)
	straight = open(t, address)
	_, err := straight.Exec(t.Context(), `CREATE TABLE thing (id integer PRIMARY KEY)`)
	require.NoError(t, err)

	u, err := url.Parse(address)
	require.NoError(t, err)
	answers = loss.NewAnswers()
	way, err := proxy.Listen(t.Context(), u.Host, func(int) proxy.Tap { return pgwire.NewTap(answers) })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, way.Close()) })
	u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(way.Port()))
	return straight, answers, func() *pgx.Conn { return open(t, u.String()) }
}

func open(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func inserts(statement string) bool { return strings.HasPrefix(statement, "INSERT") }

func count(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM thing`).Scan(&n))
	return n
}

func TestAnAnswerIsLostAndTheWorkIsDone(t *testing.T) {
	t.Parallel()
	const sql = `INSERT INTO thing SELECT i FROM generate_series($1::int, $2::int) i RETURNING id, repeat('x', 1000)`
	for name, insert := range map[string]func(*pgx.Conn) error{
		"a prepared statement": func(conn *pgx.Conn) error {
			_, err := conn.Exec(t.Context(), sql, 1, 100)
			return err
		},
		"a pipeline": func(conn *pgx.Conn) error {
			batch := &pgx.Batch{}
			batch.Queue(`SELECT count(*) FROM thing`)
			batch.Queue(sql, 1, 100)
			return conn.SendBatch(t.Context(), batch).Close()
		},
		"a simple query": func(conn *pgx.Conn) error {
			_, err := conn.Exec(t.Context(), `INSERT INTO thing SELECT generate_series(1, 100)`)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			straight, answers, connect := setup(t)
			conn := connect()
			_, err := conn.Exec(t.Context(), `SELECT $1::int`, 1)
			require.NoError(t, err, "before anything is to be lost")
			answers.Lose(1, inserts)
			require.Zero(t, count(t, conn), "not that one")
			require.Error(t, insert(conn))
			require.True(t, conn.IsClosed())
			require.NoError(t, answers.Await(t.Context(), 1))
			require.Equal(t, 100, count(t, straight), "it is committed before it is lost")
			require.Equal(t, 100, count(t, connect()))
		})
	}
}

func TestAFailureDoesNotCount(t *testing.T) {
	t.Parallel()
	straight, answers, connect := setup(t)
	const sql = `INSERT INTO thing VALUES ($1)`
	_, err := straight.Exec(t.Context(), sql, 1)
	require.NoError(t, err)
	answers.Lose(1, inserts)
	_, err = connect().Exec(t.Context(), sql, 1)
	require.Error(t, err)
	_, err = connect().Exec(t.Context(), sql, 2)
	require.Error(t, err, "its answer is lost in the place of the failure's")
	require.NoError(t, answers.Await(t.Context(), 1))
	_, err = connect().Exec(t.Context(), sql, 3)
	require.NoError(t, err)
	require.Equal(t, 3, count(t, straight))
}
