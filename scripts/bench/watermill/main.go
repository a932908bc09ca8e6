// Command watermill is the same system on Watermill (https://watermill.io), as its documents say: orders and their
// events are written in one transaction with the forwarder's publisher (the outbox), the forwarder carries them to Kafka,
// and a router's handler counts them. The benchmark compares with it. It is a module of its own, so that its
// dependencies are not the project's.
//
// ROLE=orders takes orders and forwards; ROLE=users counts and tells counters.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"
)

// connections to the database are more than pgx has by default (4 on a small machine), as for the other rivals.
const connections = 64

// logger tells of errors only.
var logger = watermill.NewSlogLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "watermill:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	config.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer pool.Close()
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET("/health", func(c *gin.Context) { c.Status(http.StatusOK) })
	start := users
	if os.Getenv("ROLE") == "orders" {
		start = orders
	}
	background, err := start(ctx, pool, engine)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- background(ctx) }()
	server := &http.Server{Addr: os.Getenv("HTTP_ADDR"), Handler: engine, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-ended
}

func fail(c *gin.Context, status int, err error) { c.JSON(status, gin.H{"error": err.Error()}) }
