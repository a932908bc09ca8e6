package httpapi

import "github.com/gin-gonic/gin"

// WithHead is a router that answers HEAD wherever it answers GET, with the same headers; net/http leaves out the body.
func WithHead(router gin.IRouter) gin.IRouter { return withHead{router} }

type withHead struct{ gin.IRouter }

// GET registers the handlers for GET and HEAD.
func (r withHead) GET(path string, handlers ...gin.HandlerFunc) gin.IRoutes {
	r.HEAD(path, handlers...)
	return r.IRouter.GET(path, handlers...)
}
