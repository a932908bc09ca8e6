// Command naiveusers is track_users as tutorials write it: a consumer group, one transaction an event, the offset marked
// afterwards. It is what the benchmark compares with. It counts an event again when it dies between the two.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/IBM/sarama"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/shared/settings"
)

// connections let each partition have one at any time; pgx has 4 by default on a small machine.
const connections = 16

const schema = `CREATE TABLE IF NOT EXISTS track_user (
	id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name       text        NOT NULL UNIQUE,
	counter    bigint      NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
)`

type config struct {
	DatabaseURL  string   `env:"DATABASE_URL" help:"PostgreSQL database"`
	KafkaBrokers []string `env:"KAFKA_BROKERS" help:"Kafka brokers"`
	KafkaTopic   string   `env:"KAFKA_TOPIC" default:"user_events" help:"topic to read"`
	KafkaGroup   string   `env:"KAFKA_GROUP" default:"track_users" help:"consumer group"`
	HTTPAddr     string   `env:"HTTP_ADDR" default:":8081" help:"where /health listens"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "naiveusers:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := settings.Load[config](os.Environ())
	if err != nil {
		return err
	}
	pool, err := open(ctx, cfg.DatabaseURL)
	if err != nil {
		return err
	}
	defer pool.Close()
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	group, err := sarama.NewConsumerGroup(cfg.KafkaBrokers, cfg.KafkaGroup, config)
	if err != nil {
		return fmt.Errorf("join the group: %w", err)
	}
	defer func() { _ = group.Close() }()
	serveHealth(cfg.HTTPAddr)
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{cfg.KafkaTopic}, &counter{pool: pool}); err != nil {
			return fmt.Errorf("consume: %w", err)
		}
	}
	return nil
}

func serveHealth(addr string) {
	server := &http.Server{
		Addr: addr, ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }),
	}
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, "naiveusers:", err)
		}
	}()
}

func open(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	config.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	if _, err := pool.Exec(ctx, schema); err != nil {
		pool.Close()
		return nil, fmt.Errorf("make the table: %w", err)
	}
	return pool, nil
}

// counter implements sarama.ConsumerGroupHandler.
type counter struct{ pool *pgxpool.Pool }

// Setup has nothing to do.
func (*counter) Setup(sarama.ConsumerGroupSession) error { return nil }

// Cleanup has nothing to do.
func (*counter) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// ConsumeClaim counts event by event. A statement outside of a transaction is one by itself: the least that it takes.
func (c *counter) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	const raise = `INSERT INTO track_user (name, counter) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET counter = track_user.counter + 1`
	for message := range claim.Messages() {
		var event struct {
			Name string `json:"name"`
		}
		if err := json.Unmarshal(message.Value, &event); err != nil {
			return fmt.Errorf("decode: %w", err)
		}
		if _, err := c.pool.Exec(session.Context(), raise, event.Name); err != nil {
			return fmt.Errorf("count: %w", err)
		}
		session.MarkMessage(message, "")
	}
	return nil
}
