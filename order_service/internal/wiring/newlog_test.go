package wiring_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/wiring"
	"ordertrack/scripts/localstack/testenv"
)

// logID is the id of the log that the database writes.
func logID(t *testing.T, database string) (id string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT id::text FROM order_log`).Scan(&id))
	return id
}

func TestTheCommandBeginsANewLog(t *testing.T) {
	t.Parallel()
	database := testenv.Database(t)
	c := settingsFor(t, database, "localhost:1", testenv.Topic(t))
	var out testenv.Log
	require.Equal(t, "new-log", wiring.NewLog().Name)
	for range 2 { // on an empty database, and on one that has the schema
		require.NoError(t, wiring.NewLog().Run(t.Context(), c, slog.New(slog.DiscardHandler), &out))
		require.Contains(t, out.String(), "a new order log begins: "+logID(t, database)+"\n")
	}
	before := logID(t, database)
	start(t, c).stop(t)
	require.Equal(t, before, logID(t, database), "it is the log of this place")
}

// At its start the service asks track_users, before it takes an order.
func TestAStartOnADatabaseThatForgot(t *testing.T) {
	t.Parallel()
	database := testenv.Database(t)
	c := settingsFor(t, database, "localhost:1", testenv.Topic(t))
	start(t, c).stop(t)
	forgetful := logID(t, database)
	track := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"marks":[{"source":"/order_service/logs/%s","lane":5,"applied":1}],"partitions":[]}`, forgetful)
	}))
	t.Cleanup(track.Close)
	c.TrackUsersURL = track.URL
	start(t, c).stop(t)
	require.NotEqual(t, forgetful, logID(t, database))
}
