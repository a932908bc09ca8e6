package httpapi

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
)

// NewEngine makes a gin engine whose errors are all problems: unknown paths, wrong methods, and panics, which are
// logged with their stack and answered by a plain 500. Paths are matched as they were sent, so that a percent-encoded
// slash stays within its segment.
func NewEngine(log *slog.Logger) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.UseRawPath = true
	engine.UnescapePathValues = true
	engine.ContextWithFallback = false // handlers pass c.Request.Context() on, never c
	if err := engine.SetTrustedProxies(nil); err != nil {
		panic(err) // an empty list cannot be wrong
	}
	engine.Use(accessLog(log), recovery(log))
	engine.NoRoute(func(c *gin.Context) {
		Write(c, Problem{Status: http.StatusNotFound, Detail: "There is nothing at this path."})
	})
	engine.NoMethod(func(c *gin.Context) { // gin has set Allow
		Write(c, Problem{
			Status: http.StatusMethodNotAllowed,
			Detail: "This path does not take " + c.Request.Method + "; the Allow header lists what it takes.",
		})
	})
	return engine
}

// internal is all that a client learns of a fault of ours.
var internal = Problem{Status: http.StatusInternalServerError, Detail: "Something went wrong on our side; it has been logged."}

// Internal answers an error that the client cannot do anything about: it is logged, and nothing of it leaks.
func Internal(c *gin.Context, log *slog.Logger, err error) {
	log.ErrorContext(c.Request.Context(), "request failed",
		"method", c.Request.Method, "path", c.Request.URL.Path, "error", err)
	Write(c, internal)
}

func recovery(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(cause) // net/http's own way to cut a connection
			}
			log.ErrorContext(c.Request.Context(), "panic in a request", "method", c.Request.Method,
				"path", c.Request.URL.Path, "panic", cause, "stack", string(debug.Stack()))
			if c.Writer.Written() {
				c.Abort()
				return
			}
			Write(c, internal)
		}()
		c.Next()
	}
}

func accessLog(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx := c.Request.Context()
		if !log.Enabled(ctx, slog.LevelDebug) {
			c.Next()
			return
		}
		begin := time.Now()
		c.Next()
		log.DebugContext(ctx, "request", "method", c.Request.Method, "path", c.Request.URL.Path,
			"status", c.Writer.Status(), "took", time.Since(begin))
	}
}
