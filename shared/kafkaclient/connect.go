package kafkaclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/IBM/sarama"
	"github.com/google/uuid"

	"ordertrack/shared/backoff"
)

var waitPolicy = backoff.Policy{Base: 100 * time.Millisecond, Max: 5 * time.Second}

// Connect opens a client, and waits while no broker answers, with a log line that names them. It fails only when ctx
// ends or the configuration is wrong.
func Connect(ctx context.Context, brokers []string, cfg *sarama.Config, log *slog.Logger) (sarama.Client, error) {
	var client sarama.Client
	err := retry(ctx, func() error {
		var err error
		client, err = sarama.NewClient(brokers, cfg)
		return err
	}, func(err error) { log.Warn("waiting for Kafka", "brokers", brokers, "error", err) })
	if err != nil {
		return nil, err
	}
	log.Info("connected to Kafka", "brokers", brokers)
	return client, nil
}

// EnsureTopic creates the topic with that many partitions when it is absent, with the replication that the brokers
// have as their default, and waits until each partition has a leader. A topic that is there is used as it is.
func EnsureTopic(ctx context.Context, client sarama.Client, topic string, partitions int32, log *slog.Logger) error {
	log = log.With("topic", topic)
	return retry(ctx, func() error {
		err := client.RefreshMetadata(topic)
		if !errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
			return err
		}
		if err := create(client, topic, partitions); err != nil {
			return err
		}
		log.Info("created the topic", "partitions", partitions)
		return client.RefreshMetadata(topic)
	}, func(err error) { log.Warn("waiting for the topic", "error", err) })
}

func create(client sarama.Client, topic string, partitions int32) error {
	const brokerDefault = -1                               // KIP-464
	admin, err := sarama.NewClusterAdminFromClient(client) // not to be closed: that would close the client
	if err != nil {
		return fmt.Errorf("find the controller: %w", err)
	}
	err = admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: brokerDefault}, false)
	if err != nil && !errors.Is(err, sarama.ErrTopicAlreadyExists) {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	return nil
}

// retry does what may succeed later, until it does, ctx ends, or the error is one of configuration.
func retry(ctx context.Context, do func() error, waiting func(error)) error {
	for attempt := 0; ; attempt++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := do()
		var wrong sarama.ConfigurationError
		if err == nil || errors.As(err, &wrong) || errors.Is(err, sarama.ErrClosedClient) {
			return err
		}
		waiting(err)
		if err := backoff.Sleep(ctx, waitPolicy.Delay(attempt)); err != nil {
			return err
		}
	}
}

// TopicID asks a broker for the topic's id (KIP-516). A topic that was deleted and created again has another one.
func TopicID(client sarama.Client, topic string) (uuid.UUID, error) {
	broker := client.LeastLoadedBroker()
	if broker == nil {
		return uuid.Nil, fmt.Errorf("topic id of %s: %w", topic, sarama.ErrOutOfBrokers)
	}
	if err := broker.Open(client.Config()); err != nil && !errors.Is(err, sarama.ErrAlreadyConnected) {
		return uuid.Nil, fmt.Errorf("topic id of %s: %w", topic, err)
	}
	request := sarama.NewMetadataRequest(client.Config().Version, []string{topic})
	response, err := broker.GetMetadata(request)
	if err != nil {
		_ = broker.Close() // a dead connection is opened anew the next time
		return uuid.Nil, fmt.Errorf("topic id of %s: %w", topic, err)
	}
	for _, t := range response.Topics {
		if t.Name == topic && t.Err == sarama.ErrNoError {
			return uuid.UUID(t.Uuid), nil
		}
	}
	return uuid.Nil, fmt.Errorf("topic id of %s: %w", topic, sarama.ErrUnknownTopicOrPartition)
}
