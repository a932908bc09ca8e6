package testenv_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func TestDatabasesAreSeparate(t *testing.T) {
	t.Parallel()
	first, second := testenv.Database(t), testenv.Database(t)
	require.NotEqual(t, first, second)

	one := connect(t, first)
	_, err := one.Exec(t.Context(), "CREATE TABLE mine (id int)")
	require.NoError(t, err)

	const tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
	var count int
	require.NoError(t, connect(t, second).QueryRow(t.Context(), tables).Scan(&count))
	require.Zero(t, count)
}

func TestDatabaseIsDroppedAlthoughInUse(t *testing.T) {
	t.Parallel()
	var url string
	var left *pgx.Conn
	t.Run("user", func(t *testing.T) {
		url = testenv.Database(t)
		var err error
		left, err = pgx.Connect(t.Context(), url)
		require.NoError(t, err)
	})
	t.Cleanup(func() { _ = left.Close(context.Background()) })

	_, err := pgx.Connect(t.Context(), url)
	require.ErrorContains(t, err, "does not exist")
}

func TestBrokersServe(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		cfg := sarama.NewConfig()
		cfg.Version = sarama.V3_6_0_0
		admin, err := sarama.NewClusterAdmin([]string{addr}, cfg)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, admin.Close()) })

		topic := testenv.Topic(t)
		require.NoError(t, admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 3, ReplicationFactor: 1}, false))
		var offsets *sarama.OffsetFetchResponse
		require.Eventually(t, func() bool { // the first to ask for a group finds its coordinator loading
			offsets, err = admin.ListConsumerGroupOffsets("nobody", map[string][]int32{topic: {0, 1, 2}})
			return !errors.Is(err, sarama.ErrOffsetsLoadInProgress)
		}, 30*time.Second, 50*time.Millisecond)
		require.NoError(t, err)
		require.EqualValues(t, -1, offsets.GetBlock(topic, 2).Offset)
	})
}

func TestServerSurvivesAKill(t *testing.T) {
	t.Parallel()
	server := testenv.Server(t)
	require.NoError(t, server.CreateDatabase(t.Context(), "kept"))
	require.NoError(t, server.Kill())
	<-server.Done()
	_, err := pgx.Connect(t.Context(), server.URL("kept"))
	require.Error(t, err)
	require.NoError(t, server.Restart(t.Context()))
	require.NoError(t, connect(t, server.URL("kept")).Ping(t.Context()))
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
