// Package config holds the settings of track_users.
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

	DatabaseURL  string   `env:"DATABASE_URL" default:"postgres://postgres@localhost:5432/track_users" help:"database of the counters"`
	KafkaBrokers []string `env:"KAFKA_BROKERS" default:"localhost:9092" help:"Kafka brokers to ask first, host:port, separated by commas"`
	KafkaTopic   string   `env:"KAFKA_TOPIC" default:"user_events" help:"topic to read; created with 12 partitions when absent"`
	KafkaGroup   string   `env:"KAFKA_GROUP" default:"track_users" help:"consumer group; all replicas share one"`
	HTTPAddr     string   `env:"HTTP_ADDR" default:":8081" help:"where the API listens"`
	AdminAddr    string   `env:"ADMIN_ADDR" default:":9081" help:"where /livez, /readyz and /metrics listen"`

	StreamClients int `env:"STREAM_CLIENTS" default:"1000" help:"clients that may follow the counters live, from 1 to 100000"`
}

// Validate checks what can be checked without a connection. The errors name the setting.
func (c Config) Validate() error {
	return errors.Join(
		c.CheckAccess(),
		settings.CheckPeers("KAFKA_BROKERS", c.KafkaBrokers),
		settings.CheckTopic("KAFKA_TOPIC", c.KafkaTopic),
		settings.CheckAddr("HTTP_ADDR", c.HTTPAddr),
		settings.CheckAddr("ADMIN_ADDR", c.AdminAddr),
		settings.CheckRange("STREAM_CLIENTS", c.StreamClients, 1, 100_000),
	)
}
