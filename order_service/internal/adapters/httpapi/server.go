// Package httpapi is order_service's HTTP API: placing orders, and looking them up.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"ordertrack/api"
	"ordertrack/order_service/internal/adapters/httpapi/openapi"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/httpapi"
)

const jsonType = "application/json"

// Place is the use case of placing an order: it returns the order once it is durable. Its errors are those of
// placing.Placer.
type Place func(context.Context, placing.Request) (domain.Order, error)

// Reader is the use case of looking orders up. Errors: those of reading.Reader.
type Reader interface {
	Order(ctx context.Context, id int64) (domain.Order, domain.Status, error)
	List(ctx context.Context, filter reading.Filter, cursor string, limit int) (reading.Page, error)
}

// server implements the interface that is generated from the API's document. What reads is behind the generated strict
// handlers; placing an order has handlers of its own, for the reasons in docs/adr/0014.
type server struct {
	openapi.ServerInterface

	place Place
	log   *slog.Logger
}

// Register puts the API's routes, its document and its pages into the engine.
func Register(engine *gin.Engine, place Place, reader Reader, log *slog.Logger) {
	strict := openapi.NewStrictHandlerWithOptions(reads{reader: reader}, nil, openapi.StrictGinServerOptions{
		HandlerErrorFunc:         func(c *gin.Context, err error) { failReading(c, log, err) },
		ResponseErrorHandlerFunc: func(c *gin.Context, _ error) { c.Abort() }, // the client has gone
	})
	router := httpapi.WithHead(engine.Group("", httpapi.Produces(jsonType)), httpapi.Compress)
	openapi.RegisterHandlersWithOptions(router, &server{ServerInterface: strict, place: place, log: log},
		openapi.GinServerOptions{ErrorHandler: failParameter})
	httpapi.RegisterPages(engine, "order_service", api.OrderService)
}

// contextOf is the request's own context: gin's ends with no client, and is used again for other requests.
func contextOf(ctx context.Context) context.Context { return requestOf(ctx).Context() }

// requestOf is the request behind the context that the generated code passes on.
func requestOf(ctx context.Context) *http.Request {
	c, ok := ctx.(*gin.Context)
	if !ok { // the generated code passes nothing else
		panic("a handler outside of gin")
	}
	return c.Request
}
