package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill-sql/v4/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/components/forwarder"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const forwarderTopic = "events_to_forward"

// orders makes the API and returns what runs the forwarder.
func orders(ctx context.Context, pool *pgxpool.Pool, engine *gin.Engine) (func(context.Context) error, error) {
	const schema = `CREATE TABLE IF NOT EXISTS orders (
		id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		name       text        NOT NULL,
		note       text        NOT NULL,
		created_at timestamptz NOT NULL DEFAULT now()
	)`
	if _, err := pool.Exec(ctx, schema); err != nil {
		return nil, fmt.Errorf("make the table: %w", err)
	}
	out, err := kafka.NewPublisher(kafka.PublisherConfig{
		Brokers: []string{os.Getenv("KAFKA_BROKERS")}, Marshaler: kafka.DefaultMarshaler{}, OverwriteSaramaConfig: producerConfig(),
	}, logger)
	if err != nil {
		return nil, fmt.Errorf("publish on Kafka: %w", err)
	}
	in, err := sql.NewSubscriber(sql.BeginnerFromPgx(pool), sql.SubscriberConfig{
		SchemaAdapter: sql.DefaultPostgreSQLSchema{}, OffsetsAdapter: sql.DefaultPostgreSQLOffsetsAdapter{}, InitializeSchema: true,
	}, logger)
	if err != nil {
		return nil, fmt.Errorf("subscribe to the outbox: %w", err)
	}
	if err := in.SubscribeInitialize(forwarderTopic); err != nil {
		return nil, fmt.Errorf("make the outbox: %w", err)
	}
	daemon, err := forwarder.NewForwarder(in, out, logger, forwarder.Config{ForwarderTopic: forwarderTopic})
	if err != nil {
		return nil, fmt.Errorf("make the forwarder: %w", err)
	}
	engine.POST("/api/v1/orders", shop{pool: pool, topic: os.Getenv("KAFKA_TOPIC")}.postOrder)
	return daemon.Run, nil
}

type shop struct {
	pool  *pgxpool.Pool
	topic string
}

func (s shop) postOrder(c *gin.Context) {
	var order struct {
		Name string `binding:"required" json:"name"`
		Note string `json:"note"`
	}
	if err := c.ShouldBindJSON(&order); err != nil {
		fail(c, http.StatusBadRequest, err)
		return
	}
	id, err := s.place(c.Request.Context(), order.Name, order.Note)
	if err != nil {
		fail(c, http.StatusInternalServerError, err)
		return
	}
	c.JSON(http.StatusCreated, gin.H{"status": "success", "order_id": id})
}

// place writes the order and its event in one transaction.
func (s shop) place(ctx context.Context, name, note string) (id int64, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		const insert = `INSERT INTO orders (name, note) VALUES ($1, $2) RETURNING id`
		if err := tx.QueryRow(ctx, insert, name, note).Scan(&id); err != nil {
			return fmt.Errorf("insert: %w", err)
		}
		outbox, err := sql.NewPublisher(sql.TxFromPgx(tx), sql.PublisherConfig{SchemaAdapter: sql.DefaultPostgreSQLSchema{}}, logger)
		if err != nil {
			return fmt.Errorf("make a publisher: %w", err)
		}
		value, err := json.Marshal(map[string]string{"name": name})
		if err != nil {
			return fmt.Errorf("encode: %w", err)
		}
		publisher := forwarder.NewPublisher(outbox, forwarder.PublisherConfig{ForwarderTopic: forwarderTopic})
		return publisher.Publish(s.topic, message.NewMessage(watermill.NewUUID(), value))
	})
	return id, err
}
