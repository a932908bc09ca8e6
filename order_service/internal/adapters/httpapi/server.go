// Package httpapi is order_service's HTTP API: placing orders, and looking them up.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"ordertrack/api"
	"ordertrack/order_service/internal/adapters/httpapi/openapi"
	"ordertrack/order_service/internal/application/once"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/httpapi"
)

const jsonType = "application/json"

// Place is the use case of placing an order: it returns the order once it is durable. Its errors are those of
// placing.Placer.
type Place func(context.Context, placing.Request) (domain.Order, error)

// Batches is the use case of placing several orders, all or none. Errors: those of placing.Placer.
type Batches interface {
	PlaceAll(ctx context.Context, requests []placing.Request, claim *placing.Claim) ([]domain.Order, error)
}

// Once is the use case of placing orders under a key. Errors: those of once.Once.
type Once interface {
	Place(ctx context.Context, claim placing.Claim, requests []placing.Request) (once.Answer, error)
}

// Uses are the use cases behind the API.
type Uses struct {
	Place   Place
	Batches Batches
	Once    Once
	Reader  Reader
}

// Reader is the use case of looking orders up. Errors: those of reading.Reader.
type Reader interface {
	Order(ctx context.Context, id int64) (domain.Order, domain.Status, error)
	List(ctx context.Context, filter reading.Filter, cursor string, limit int) (reading.Page, error)
	Statistics(ctx context.Context) (reading.Statistics, error)
}

// server implements the interface that is generated from the API's document. What reads is behind the generated strict
// handlers; placing an order has handlers of its own, for the reasons in docs/adr/0014.
type server struct {
	openapi.ServerInterface

	uses    Uses
	batches chan struct{} // room for those under way
	log     *slog.Logger
}

// Register puts the API's routes, its document and its pages into the engine.
func Register(engine *gin.Engine, uses Uses, log *slog.Logger) {
	httpapi.Only(engine, "/api/v1/orders/batch", http.MethodPost) // it is no order's id
	strict := openapi.NewStrictHandlerWithOptions(reads{reader: uses.Reader}, nil, openapi.StrictGinServerOptions{
		HandlerErrorFunc:         func(c *gin.Context, err error) { failReading(c, log, err) },
		ResponseErrorHandlerFunc: func(c *gin.Context, _ error) { c.Abort() }, // the client has gone
	})
	server := &server{ServerInterface: strict, uses: uses, batches: make(chan struct{}, maxBatches), log: log}
	router := httpapi.WithHead(engine.Group("", httpapi.Produces(jsonType)), httpapi.Compress)
	openapi.RegisterHandlersWithOptions(router, server,
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
