package httpapi

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"

	"github.com/gin-gonic/gin"
)

// requestIDHeader carries the id under which a request can be found in logs; requestIDKey is its canonical form.
const (
	requestIDHeader = "X-Request-ID"
	requestIDKey    = "X-Request-Id"
)

const maxRequestID = 128

// RequestID is the request's id: the one it came with, or the one it was given.
func RequestID(c *gin.Context) string { return c.Writer.Header().Get(requestIDHeader) }

func giveID(c *gin.Context) {
	c.Writer.Header()[requestIDKey] = []string{idOf(c.Request.Header)}
}

// idOf takes over an id that can stand in a log and in a header as it is; it makes one otherwise.
func idOf(header http.Header) string {
	if given := header[requestIDKey]; len(given) == 1 && isSane(given[0]) {
		return given[0]
	}
	var random [16]byte
	binary.NativeEndian.PutUint64(random[:8], rand.Uint64()) //nolint:gosec // it needs to be rare, not secret
	binary.NativeEndian.PutUint64(random[8:], rand.Uint64()) //nolint:gosec // likewise
	return hex.EncodeToString(random[:])
}

// isSane takes what UUIDs, ULIDs, base64 and trace ids are made of.
func isSane(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for _, b := range []byte(id) {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
		case b == '-', b == '_', b == '.', b == ':', b == '+', b == '/', b == '=':
		default:
			return false
		}
	}
	return true
}
