// Command naiveorders is order_service as tutorials write it: gin, one INSERT and one synchronous send a request. It is
// what the benchmark compares with. It is durable, and it loses the event of an order when it dies between the two.
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
	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/shared/settings"
)

// connections to the database are more than pgx has by default (4 on a small machine): with those, the comparison would
// be with a setting and not with a design.
const connections = 64

const schema = `CREATE TABLE IF NOT EXISTS orders (
	id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name       text        NOT NULL,
	note       text        NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
)`

type config struct {
	DatabaseURL  string   `env:"DATABASE_URL" help:"PostgreSQL database"`
	KafkaBrokers []string `env:"KAFKA_BROKERS" help:"Kafka brokers; empty sends nothing"`
	KafkaTopic   string   `env:"KAFKA_TOPIC" default:"user_events" help:"topic to publish on"`
	HTTPAddr     string   `env:"HTTP_ADDR" default:":8080" help:"where the API listens"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "naiveorders:", err)
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
	s := &service{topic: cfg.KafkaTopic}
	if s.pool, err = open(ctx, cfg.DatabaseURL); err != nil {
		return err
	}
	defer s.pool.Close()
	if len(cfg.KafkaBrokers) > 0 {
		if s.producer, err = sarama.NewSyncProducer(cfg.KafkaBrokers, producerConfig()); err != nil {
			return fmt.Errorf("connect to Kafka: %w", err)
		}
		defer func() { _ = s.producer.Close() }()
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET("/health", func(c *gin.Context) { c.Status(http.StatusOK) })
	engine.POST("/api/v1/orders", s.postOrder)
	server := &http.Server{Addr: cfg.HTTPAddr, Handler: engine, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
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

// producerConfig is what makes a SyncProducer safe; Sarama's default waits for one replica only.
func producerConfig() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Return.Successes = true
	return config
}

type service struct {
	pool     *pgxpool.Pool
	producer sarama.SyncProducer
	topic    string
}

func (s *service) postOrder(c *gin.Context) {
	var order struct {
		Name string `binding:"required" json:"name"`
		Note string `json:"note"`
	}
	if err := c.ShouldBindJSON(&order); err != nil {
		fail(c, http.StatusBadRequest, err)
		return
	}
	const insert = `INSERT INTO orders (name, note) VALUES ($1, $2) RETURNING id`
	var id int64
	if err := s.pool.QueryRow(c.Request.Context(), insert, order.Name, order.Note).Scan(&id); err != nil {
		fail(c, http.StatusInternalServerError, err)
		return
	}
	if err := s.publish(order.Name); err != nil {
		fail(c, http.StatusInternalServerError, err)
		return
	}
	c.JSON(http.StatusCreated, gin.H{"status": "success", "order_id": id})
}

func fail(c *gin.Context, status int, err error) { c.JSON(status, gin.H{"error": err.Error()}) }

func (s *service) publish(name string) error {
	if s.producer == nil {
		return nil
	}
	value, err := json.Marshal(map[string]string{"name": name})
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	_, _, err = s.producer.SendMessage(&sarama.ProducerMessage{
		Topic: s.topic, Key: sarama.StringEncoder(name), Value: sarama.ByteEncoder(value),
	})
	return err
}
