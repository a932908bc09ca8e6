package main

import (
	"errors"
	"log/slog"
	"net"
	"strconv"

	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/repository"
	"ordertrack/shared/settings"
)

// config holds the settings. Those of the services that are not here reach them from the environment as they are.
type config struct {
	LocalDir     string     `env:"LOCAL_DIR" default:".local" help:"where all data lives; a relative path is below the repository"`
	CacheDir     string     `env:"LOCAL_CACHE" default:".local/cache" help:"where downloads are kept, for all stacks"`
	Broker       string     `env:"BROKER" default:"embedded" help:"embedded, or apache for Apache Kafka (needs Java 17 and Maven)"`
	PostgresPort int        `env:"POSTGRES_PORT" default:"5432" help:"port of PostgreSQL"`
	KafkaPort    int        `env:"KAFKA_PORT" default:"9092" help:"port of the broker"`
	PGBinDir     string     `env:"PG_BIN_DIR" help:"folder of PostgreSQL's programs; empty looks for them, and fetches them"`
	Mirror       string     `env:"POSTGRES_MIRROR" help:"Maven repository to fetch PostgreSQL from instead of the usual one"`
	OrderHTTP    string     `env:"ORDER_HTTP_ADDR" default:":8080" help:"API of order_service"`
	OrderAdmin   string     `env:"ORDER_ADMIN_ADDR" default:":9080" help:"health and metrics of order_service"`
	TrackHTTP    string     `env:"TRACK_HTTP_ADDR" default:":8081" help:"API of track_users"`
	TrackAdmin   string     `env:"TRACK_ADMIN_ADDR" default:":9081" help:"health and metrics of track_users"`
	Topic        string     `env:"KAFKA_TOPIC" default:"user_events" help:"topic of the events"`
	Group        string     `env:"KAFKA_GROUP" default:"track_users" help:"consumer group of track_users"`
	LogLevel     slog.Level `env:"LOG_LEVEL" default:"info" help:"least level that is logged: debug, info, warn, error"`

	root string // the repository
}

func loadConfig(environ []string) (config, error) {
	cfg, err := settings.Load[config](environ)
	if err != nil {
		return cfg, err
	}
	if err := cfg.check(); err != nil {
		return cfg, err
	}
	if cfg.root, err = repository.Root(); err != nil {
		return cfg, err
	}
	cfg.LocalDir = repository.Below(cfg.root, cfg.LocalDir)
	cfg.CacheDir = repository.Below(cfg.root, cfg.CacheDir)
	return cfg, nil
}

func (c config) check() error {
	if _, err := broker.ParseKind(c.Broker); err != nil {
		return &settings.Error{Setting: "BROKER", Problem: err.Error(), Err: err}
	}
	errs := []error{
		settings.CheckRange("POSTGRES_PORT", c.PostgresPort, 1, 65535),
		settings.CheckRange("KAFKA_PORT", c.KafkaPort, 1, 65535),
	}
	for _, address := range c.addresses() {
		errs = append(errs, settings.CheckAddr(address.setting, address.value))
		if _, port := split(address.value); port == 0 {
			errs = append(errs, &settings.Error{Setting: address.setting, Problem: "needs a port of its own, not 0"})
		}
	}
	return errors.Join(errs...)
}

type address struct{ setting, value string }

func (c config) addresses() []address {
	return []address{
		{"ORDER_HTTP_ADDR", c.OrderHTTP},
		{"ORDER_ADMIN_ADDR", c.OrderAdmin},
		{"TRACK_HTTP_ADDR", c.TrackHTTP},
		{"TRACK_ADMIN_ADDR", c.TrackAdmin},
	}
}

// split takes an address to listen on apart; port is 0 when it has none.
func split(addr string) (host string, port int) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0
	}
	if port, err = strconv.Atoi(text); err != nil {
		return host, 0
	}
	return host, port
}

// base is the address of a server on this machine, for clients on this machine.
func base(addr string) string {
	host, port := split(addr)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(port))
}
