package httpapi

import (
	"slices"

	"github.com/gin-gonic/gin"
)

// WithHead is a router that answers HEAD wherever it answers GET, with the same headers; net/http leaves out the body.
// What is registered for GET is behind the given handlers as well.
func WithHead(router gin.IRouter, before ...gin.HandlerFunc) gin.IRouter {
	return withHead{router, before}
}

type withHead struct {
	gin.IRouter

	before []gin.HandlerFunc
}

// GET registers the handlers for GET and HEAD.
func (r withHead) GET(path string, handlers ...gin.HandlerFunc) gin.IRoutes {
	chain := slices.Concat(r.before, handlers)
	r.HEAD(path, chain...)
	return r.IRouter.GET(path, chain...)
}
