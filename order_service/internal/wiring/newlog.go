package wiring

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"ordertrack/order_service/internal/adapters/metrics"
	"ordertrack/order_service/internal/adapters/postgres"
	"ordertrack/order_service/internal/config"
	"ordertrack/shared/pgdb"
	"ordertrack/shared/service"
)

// NewLog is the command that begins a new order log.
func NewLog() service.Command[config.Config] {
	return service.Command[config.Config]{
		Name:    "new-log",
		Summary: "begins a new order log: to be run after the orders database was put back to an earlier state",
		Run:     newLog,
	}
}

func newLog(ctx context.Context, c config.Config, log *slog.Logger, out io.Writer) error {
	pool, err := pgdb.Open(ctx, c.DatabaseURL, log, postgres.Session)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := pgdb.Migrate(ctx, pool, postgres.Migrations(), log); err != nil {
		return err
	}
	succession := postgres.NewSuccession(log, metrics.NewRelaying(prometheus.NewRegistry()))
	logID, err := postgres.NewRegister(pool, succession).Renew(ctx, "order_service new-log")
	if err != nil {
		return fmt.Errorf("begin a new log: %w", err)
	}
	fmt.Fprintf(out, "a new order log begins: %s\n", logID)
	return nil
}
