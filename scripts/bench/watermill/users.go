package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// users makes the API and returns what runs the router that counts.
func users(ctx context.Context, pool *pgxpool.Pool, engine *gin.Engine) (func(context.Context) error, error) {
	const schema = `CREATE TABLE IF NOT EXISTS track_user (
		id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		name       text        NOT NULL UNIQUE,
		counter    bigint      NOT NULL,
		created_at timestamptz NOT NULL DEFAULT now()
	)`
	if _, err := pool.Exec(ctx, schema); err != nil {
		return nil, fmt.Errorf("make the table: %w", err)
	}
	config := kafka.DefaultSaramaSubscriberConfig()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	events, err := kafka.NewSubscriber(kafka.SubscriberConfig{
		Brokers: []string{os.Getenv("KAFKA_BROKERS")}, Unmarshaler: kafka.DefaultMarshaler{},
		ConsumerGroup: os.Getenv("KAFKA_GROUP"), OverwriteSaramaConfig: config,
	}, logger)
	if err != nil {
		return nil, fmt.Errorf("subscribe to Kafka: %w", err)
	}
	router, err := message.NewRouter(message.RouterConfig{}, logger)
	if err != nil {
		return nil, fmt.Errorf("make the router: %w", err)
	}
	c := counters{pool: pool}
	router.AddConsumerHandler("count", os.Getenv("KAFKA_TOPIC"), events, c.count)
	engine.GET("/api/v1/users/:name", c.getUser)
	return router.Run, nil
}

type counters struct{ pool *pgxpool.Pool }

func (c counters) count(m *message.Message) error {
	const raise = `INSERT INTO track_user (name, counter) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET counter = track_user.counter + 1`
	var event struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(m.Payload, &event); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	_, err := c.pool.Exec(m.Context(), raise, event.Name)
	return err
}

func (c counters) getUser(g *gin.Context) {
	const find = `SELECT id, counter FROM track_user WHERE name = $1`
	var id, counter int64
	err := c.pool.QueryRow(g.Request.Context(), find, g.Param("name")).Scan(&id, &counter)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		fail(g, http.StatusNotFound, err)
	case err != nil:
		fail(g, http.StatusInternalServerError, err)
	default:
		g.JSON(http.StatusOK, gin.H{"id": id, "name": g.Param("name"), "counter": counter})
	}
}

// producerConfig is Watermill's own, but waiting for all replicas as everything that is compared does.
func producerConfig() *sarama.Config {
	config := kafka.DefaultSaramaSyncPublisherConfig()
	config.Producer.RequiredAcks = sarama.WaitForAll
	return config
}
