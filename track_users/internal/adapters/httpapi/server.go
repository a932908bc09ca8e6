// Package httpapi is track_users' HTTP API.
package httpapi

import (
	"context"
	"log/slog"
	"regexp"

	"github.com/gin-gonic/gin"

	"ordertrack/api"
	"ordertrack/shared/httpapi"
	"ordertrack/track_users/internal/adapters/httpapi/openapi"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/domain"
)

const (
	jsonType   = "application/json"
	usersPath  = "/api/v1/users"
	streamPath = usersPath + "/stream"
	statsPath  = "/api/v1/stats"
)

// Reader looks users up. Errors: those of name.Parse, reading.ErrNotFound, reading.ErrUnavailable, wrapped.
type Reader interface {
	User(ctx context.Context, raw string) (domain.User, error)
	List(ctx context.Context, q reading.Query) (reading.Page, error)
}

// Reporter tells the progress. Errors: reporting.ErrUnavailable, wrapped.
type Reporter interface {
	Progress(ctx context.Context) (domain.Progress, error)
	Statistics(ctx context.Context) (domain.Statistics, error)
}

// handler implements the interface that is generated from the API's document.
type handler struct {
	reader   Reader
	reporter Reporter
	waiter   Waiter
	hub      Hub
	log      *slog.Logger
}

var _ openapi.ServerInterface = handler{}

// UseCases are what the API is to.
type UseCases struct {
	Reader   Reader
	Reporter Reporter
	Waiter   Waiter
	Hub      Hub
}

// Register puts the API's routes, its document and its pages into the engine.
func Register(engine *gin.Engine, to UseCases, log *slog.Logger) {
	h := handler{reader: to.Reader, reporter: to.Reporter, waiter: to.Waiter, hub: to.Hub, log: log}
	router := httpapi.WithHead(engine, before)
	openapi.RegisterHandlersWithOptions(router, h, openapi.GinServerOptions{ErrorHandler: h.failParameter})
	httpapi.RegisterPages(engine, "track_users", api.TrackUsers)
}

var (
	producesJSON = httpapi.Produces(jsonType)
	producesBoth = httpapi.Produces(jsonType, streamType)
)

// before is what a path's handler is behind: a stream is not compressed, and single users are too small for that.
func before(c *gin.Context) {
	if c.FullPath() == streamPath {
		producesBoth(c)
		return
	}
	producesJSON(c)
	if path := c.FullPath(); (path == usersPath || path == statsPath) && !c.IsAborted() {
		httpapi.Compress(c)
	}
}

// parameterError is how the generated code names the parameter that it could not read.
var parameterError = regexp.MustCompile(`^(?:Invalid format for parameter|Expected one value for) ([A-Za-z_-]+)`)

// failParameter answers for a parameter that the generated code could not read.
func (h handler) failParameter(c *gin.Context, err error, _ int) {
	parameter := "parameter"
	if m := parameterError.FindStringSubmatch(err.Error()); m != nil {
		parameter = m[1]
	}
	wrong := &wrongParams{}
	wrong.add(parameter, limits[parameter], "The value cannot be read.")
	h.refuse(c, wrong)
}
