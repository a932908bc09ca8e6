package kafkaclient_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/kafkaclient"
)

const (
	waitLimit = 30 * time.Second
	pollEvery = 20 * time.Millisecond
)

func TestMain(m *testing.M) { testenv.Main(m) }

var quiet = slog.New(slog.DiscardHandler)

func connect(t *testing.T, addr string) sarama.Client {
	t.Helper()
	client, err := kafkaclient.Connect(t.Context(), []string{addr}, kafkaclient.Config("test"), quiet)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

func TestConfigIsLegal(t *testing.T) {
	t.Parallel()
	require.NoError(t, kafkaclient.Config("test").Validate())
}

// TestConfigIsSafe: Sarama's own defaults are other ones.
func TestConfigIsSafe(t *testing.T) {
	t.Parallel()
	c := kafkaclient.Config("test")
	require.True(t, c.Producer.Idempotent)
	require.Equal(t, sarama.WaitForAll, c.Producer.RequiredAcks)
	require.Equal(t, sarama.OffsetOldest, c.Consumer.Offsets.Initial)
}

func TestEnsureTopicCreatesItOnce(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		topic := testenv.Topic(t)
		var replicas sync.WaitGroup
		errs := make([]error, 3)
		for i := range errs {
			client := connect(t, addr)
			replicas.Go(func() { errs[i] = kafkaclient.EnsureTopic(t.Context(), client, topic, 5, quiet) })
		}
		replicas.Wait()
		require.NoError(t, errors.Join(errs...))

		client := connect(t, addr)
		require.NoError(t, kafkaclient.EnsureTopic(t.Context(), client, topic, 9, quiet))
		partitions, err := client.Partitions(topic)
		require.NoError(t, err)
		require.Len(t, partitions, 5, "a topic that is there is used as it is")
	})
}

func TestTopicIDChangesWhenTheTopicIsCreatedAgain(t *testing.T) {
	t.Parallel()
	testenv.Brokers(t, func(t *testing.T, addr string) {
		topic, client := testenv.Topic(t), connect(t, addr)
		_, err := kafkaclient.TopicID(client, topic)
		require.ErrorIs(t, err, sarama.ErrUnknownTopicOrPartition)

		require.NoError(t, kafkaclient.EnsureTopic(t.Context(), client, topic, 1, quiet))
		first, err := kafkaclient.TopicID(client, topic)
		require.NoError(t, err)
		require.NotEqual(t, uuid.Nil, first)
		again, err := kafkaclient.TopicID(client, topic)
		require.NoError(t, err)
		require.Equal(t, first, again)

		admin, err := sarama.NewClusterAdminFromClient(client)
		require.NoError(t, err)
		require.NoError(t, admin.DeleteTopic(topic))
		require.Eventually(t, func() bool {
			if kafkaclient.EnsureTopic(t.Context(), client, topic, 1, quiet) != nil {
				return false
			}
			second, err := kafkaclient.TopicID(client, topic)
			return err == nil && second != first
		}, waitLimit, pollEvery)
	})
}

func TestCheckFollowsTheBroker(t *testing.T) {
	t.Parallel()
	own := testenv.OwnBroker(t, broker.Embedded)
	var client sarama.Client
	check := kafkaclient.Check(func() sarama.Client { return client }, "events")
	require.ErrorContains(t, check(t.Context()), "not connected")

	client = connect(t, own.Addr())
	require.Error(t, check(t.Context()), "no topic yet")
	require.NoError(t, kafkaclient.EnsureTopic(t.Context(), client, "events", 3, quiet))
	require.NoError(t, check(t.Context()))

	require.NoError(t, own.Kill())
	require.Error(t, check(t.Context()))
	require.NoError(t, own.Restart(t.Context()))
	require.Eventually(t, func() bool { return check(t.Context()) == nil }, waitLimit, pollEvery, "ready comes back by itself")
}

func TestConnectWaitsForABroker(t *testing.T) {
	t.Parallel()
	own := testenv.OwnBroker(t, broker.Embedded)
	require.NoError(t, own.Kill())

	var log testenv.Log
	connected := make(chan error, 1)
	go func() {
		client, err := kafkaclient.Connect(t.Context(), []string{own.Addr()}, kafkaclient.Config("test"), log.Logger())
		if err == nil {
			err = client.Close()
		}
		connected <- err
	}()
	require.Eventually(t, func() bool {
		return log.Contains(own.Addr())
	}, waitLimit, pollEvery, "the log line names the broker")
	require.NoError(t, own.Restart(t.Context()))
	require.NoError(t, <-connected)
}

func TestConnectEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, errors.New("stopping"))
	defer cancel()
	_, err := kafkaclient.Connect(ctx, []string{"127.0.0.1:1"}, kafkaclient.Config("test"), quiet)
	require.EqualError(t, err, "stopping")
}

func TestConnectReportsABadConfiguration(t *testing.T) {
	t.Parallel()
	config := kafkaclient.Config("test")
	config.Net.MaxOpenRequests = 5
	_, err := kafkaclient.Connect(t.Context(), []string{"127.0.0.1:1"}, config, quiet)
	var wrong sarama.ConfigurationError
	require.ErrorAs(t, err, &wrong)
}
