// Command ceiling is order_service with a log that stores nothing: all that a request costs but the database. Only the
// benchmark runs it, to tell how far the service is from what its HTTP server could do at best.
package main

import (
	"context"
	"os"
	"time"

	"go.uber.org/fx"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/config"
	"ordertrack/order_service/internal/domain"
	"ordertrack/order_service/internal/wiring"
	"ordertrack/shared/service"
)

func main() {
	os.Exit(service.Main("ceiling", "order_service without storage, for the benchmark alone", func(c config.Config) fx.Option {
		return fx.Options(wiring.Module(c), fx.Decorate(func(placing.Log) placing.Log { return &nowhere{} }))
	}))
}

// logID is of a log that is not there; tokens need one of the usual form.
const logID = "00000000-0000-4000-8000-000000000000"

// nowhere accepts orders and forgets them. The appender calls it one batch at a time.
type nowhere struct{ last int64 }

// Append gives the orders ids, and nothing else happens.
func (n *nowhere) Append(_ context.Context, batch placing.Batch) ([]domain.Order, error) {
	now := time.Now().UTC()
	orders := make([]domain.Order, len(batch.Drafts))
	for i, draft := range batch.Drafts {
		n.last++
		orders[i] = draft.Accept(n.last, now, logID, n.last)
	}
	return orders, nil
}
