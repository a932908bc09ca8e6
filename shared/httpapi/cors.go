package httpapi

import (
	"slices"

	"github.com/gin-gonic/gin"
)

const (
	allowOrigin = "Access-Control-Allow-Origin"
	everyOrigin = "*"
)

// What scripts may send and read beside what browsers always let them (https://fetch.spec.whatwg.org/#http-cors-protocol).
const (
	corsRequestHeaders  = "Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Traceparent, X-Request-Id"
	corsResponseHeaders = "Allow, ETag, Link, Location, Order-Token, Retry-After, X-Request-Id"
	corsMaxAge          = "600" // seconds for which a browser keeps a preflight's answer
)

// cors lets the scripts of some origins read answers. No credentials are allowed: the API knows no cookies.
func cors(origins []string) gin.HandlerFunc {
	all := slices.Contains(origins, everyOrigin)
	return func(c *gin.Context) {
		if !all {
			c.Writer.Header().Add("Vary", "Origin")
		}
		origin := c.GetHeader("Origin")
		switch {
		case origin == "":
			return
		case all:
			c.Header(allowOrigin, everyOrigin)
		case slices.Contains(origins, origin):
			c.Header(allowOrigin, origin)
		default:
			return
		}
		c.Header("Access-Control-Expose-Headers", corsResponseHeaders)
	}
}

// preflight tells a browser what the script may send, if its origin is allowed.
func preflight(c *gin.Context, methods string) {
	if c.Writer.Header().Get(allowOrigin) == "" || c.GetHeader("Access-Control-Request-Method") == "" {
		return
	}
	c.Header("Access-Control-Allow-Methods", methods)
	c.Header("Access-Control-Allow-Headers", corsRequestHeaders)
	c.Header("Access-Control-Max-Age", corsMaxAge)
}
