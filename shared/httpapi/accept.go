package httpapi

import (
	"mime"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// Produces refuses requests whose Accept header leaves out all of the media types that a path answers with.
func Produces(types ...string) gin.HandlerFunc {
	return func(c *gin.Context) {
		given := c.Request.Header["Accept"]
		if len(given) == 0 || len(given) == 1 && (given[0] == "*/*" || given[0] == types[0]) {
			return
		}
		if accept := strings.Join(given, ","); !accepts(accept, types) {
			Write(c, NotAcceptable.Problem("This path answers with "+strings.Join(types, " or ")+"."))
		}
	}
}

// accepts tells whether an Accept header allows one of the types: the most specific range decides (RFC 9110, section
// 12.5.1). A range that cannot be read is passed over; a header without a range that can be read allows everything.
func accepts(header string, types []string) bool {
	quality := make([]float64, len(types))
	precision := make([]int, len(types))
	ranges := 0
	for part := range strings.SplitSeq(header, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil || !strings.Contains(media, "/") {
			continue
		}
		ranges++
		q := 1.0
		if text, given := params["q"]; given {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				q = 1
			}
		}
		for i, offered := range types {
			if fit := precisionOf(media, offered); fit > precision[i] {
				precision[i], quality[i] = fit, q
			}
		}
	}
	for _, q := range quality {
		if q > 0 {
			return true
		}
	}
	return ranges == 0
}

// precisionOf is 0 when the range does not hold the type, else the higher the closer it is.
func precisionOf(media, offered string) int {
	main, _, _ := strings.Cut(offered, "/")
	switch media {
	case offered:
		return 3
	case main + "/*":
		return 2
	case "*/*":
		return 1
	default:
		return 0
	}
}
