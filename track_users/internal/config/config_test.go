package config_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/shared/httpapi"
	"ordertrack/shared/service"
	"ordertrack/shared/settings"
	"ordertrack/track_users/internal/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := settings.Load[config.Config](nil)
	require.NoError(t, err)
	require.Equal(t, config.Config{
		DatabaseURL:  "postgres://postgres@localhost:5432/track_users",
		KafkaBrokers: []string{"localhost:9092"},
		KafkaTopic:   "user_events",
		KafkaGroup:   "track_users",
		HTTPAddr:     ":8081",
		AdminAddr:    ":9081",

		StreamClients: 1000,
		Settings:      service.Settings{LogLevel: slog.LevelInfo, LogFormat: "text", ShutdownTimeout: 25 * time.Second},
		Access:        httpapi.Access{MaxConnections: 10_000},
	}, got)
}

func TestAWrongSettingIsNamed(t *testing.T) {
	t.Parallel()
	for setting, value := range map[string]string{
		"STREAM_CLIENTS":       "0",
		"KAFKA_BROKERS":        "localhost",
		"KAFKA_TOPIC":          "user events",
		"HTTP_ADDR":            "8081",
		"ADMIN_ADDR":           ":99999",
		"LOG_LEVEL":            "loud",
		"CORS_ORIGINS":         "shop.example.com",
		"HTTP_MAX_CONNECTIONS": "1",
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			_, err := settings.Load[config.Config]([]string{setting + "=" + value})
			var wrong *settings.Error
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, setting, wrong.Setting)
		})
	}
}
