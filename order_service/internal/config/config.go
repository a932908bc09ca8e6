// Package config holds the settings of order_service.
package config

import (
	"errors"

	"ordertrack/shared/httpapi"
	"ordertrack/shared/service"
	"ordertrack/shared/settings"
)

// Config is read from the environment.
type Config struct {
	service.Settings
	httpapi.Access

	DatabaseURL   string   `env:"DATABASE_URL" default:"postgres://postgres@localhost:5432/orders" help:"PostgreSQL database of the orders"`
	KafkaBrokers  []string `env:"KAFKA_BROKERS" default:"localhost:9092" help:"Kafka brokers to ask first, host:port, separated by commas"`
	KafkaTopic    string   `env:"KAFKA_TOPIC" default:"user_events" help:"topic to publish on; created with 12 partitions when absent"`
	HTTPAddr      string   `env:"HTTP_ADDR" default:":8080" help:"where the API listens"`
	AdminAddr     string   `env:"ADMIN_ADDR" default:":9080" help:"where /livez, /readyz and /metrics listen"`
	TrackUsersURL string   `env:"TRACK_USERS_URL" help:"base URL of track_users' API; what Kafka loses is then published again"`
	QueueLimit    int      `env:"QUEUE_LIMIT" default:"4096" help:"orders that may wait to be stored, from 1 to 100000"`
	BatchLimit    int      `env:"BATCH_LIMIT" default:"500" help:"orders that share a transaction, from 1 to 10000; no request is divided"`
}

// Validate checks what can be checked without a connection. The errors name the setting.
func (c Config) Validate() error {
	return errors.Join(
		c.CheckAccess(),
		settings.CheckPeers("KAFKA_BROKERS", c.KafkaBrokers),
		settings.CheckTopic("KAFKA_TOPIC", c.KafkaTopic),
		settings.CheckAddr("HTTP_ADDR", c.HTTPAddr),
		settings.CheckAddr("ADMIN_ADDR", c.AdminAddr),
		settings.CheckBaseURL("TRACK_USERS_URL", c.TrackUsersURL),
		settings.CheckRange("QUEUE_LIMIT", c.QueueLimit, 1, 100_000),
		settings.CheckRange("BATCH_LIMIT", c.BatchLimit, 1, 10_000),
	)
}
