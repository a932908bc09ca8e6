package httpapi

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// Options change an engine.
type Options struct {
	// AllowedOrigins are the web origins whose scripts may use the API (CORS); "*" is every one, none turns CORS off.
	AllowedOrigins []string
}

// NewEngine makes a gin engine whose errors are all problems: unknown paths, wrong methods, and panics, which are
// logged with their stack and answered by a plain 500. Each request has an id; OPTIONS is answered for each path. Paths
// are matched as they were sent, so that a percent-encoded slash stays within its segment.
func NewEngine(log *slog.Logger, options ...Options) *gin.Engine {
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
	engine.Use(giveID, accessLog(log), recovery(log))
	for _, o := range options {
		if len(o.AllowedOrigins) > 0 {
			engine.Use(cors(o.AllowedOrigins))
		}
	}
	engine.NoRoute(func(c *gin.Context) { Write(c, NotFound.Problem("There is nothing at this path.")) })
	engine.NoMethod(noMethod)
	return engine
}

// noMethod answers what no handler is for: OPTIONS with what there is, the rest with 405. gin has set Allow.
func noMethod(c *gin.Context) {
	methods := append(strings.Split(c.Writer.Header().Get("Allow"), ", "), http.MethodOptions)
	slices.Sort(methods)
	refuseMethod(c, strings.Join(methods, ", "))
}

// Only has a path take these methods alone, although a pattern that takes others fits it, too. It must come before the
// routes are registered.
func Only(engine *gin.Engine, path string, methods ...string) {
	allow := strings.Join(slices.Sorted(slices.Values(append(methods, http.MethodOptions))), ", ")
	engine.Use(func(c *gin.Context) {
		if c.Request.URL.Path == path && !slices.Contains(methods, c.Request.Method) {
			refuseMethod(c, allow)
		}
	})
}

// refuseMethod answers OPTIONS with what the path takes, and the rest with 405.
func refuseMethod(c *gin.Context, allow string) {
	c.Header("Allow", allow)
	if c.Request.Method != http.MethodOptions {
		Write(c, MethodNotAllowed.Problem("This path does not take "+c.Request.Method+"; the Allow header lists what it takes."))
		return
	}
	preflight(c, allow)
	c.Status(http.StatusNoContent)
	c.Abort()
}

// internal is all that a client learns of a fault of ours.
var internal = InternalError.Problem("Something went wrong on our side; it has been logged.")

// Internal answers an error that the client cannot do anything about: it is logged, and nothing of it leaks.
func Internal(c *gin.Context, log *slog.Logger, err error) {
	log.ErrorContext(c.Request.Context(), "request failed",
		"method", c.Request.Method, "path", c.Request.URL.Path, "request_id", RequestID(c), "error", err)
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
				"path", c.Request.URL.Path, "request_id", RequestID(c), "panic", cause, "stack", string(debug.Stack()))
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
			"request_id", RequestID(c), "status", c.Writer.Status(), "took", time.Since(begin))
	}
}
