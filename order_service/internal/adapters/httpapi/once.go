package httpapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"

	"github.com/gin-gonic/gin"

	"ordertrack/order_service/internal/application/once"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/shared/httpapi"
)

// keyHeader carries a client's key, draft-ietf-httpapi-idempotency-key-header-07. It is in canonical form.
const keyHeader = "Idempotency-Key"

// maxKey is the longest key, in characters.
const maxKey = 255

// placeOnce places the orders under the key of the request; it has answered itself when they are not placed.
func (s *server) placeOnce(c *gin.Context, header []string, body []byte, requests []placing.Request) (once.Answer, bool) {
	key, ok := parseKey(header)
	if !ok {
		httpapi.Write(c, *badFields([]httpapi.FieldError{{
			Field: keyHeader, Limit: "1 to 255 printable ASCII characters, bare or in double quotes, given once",
			Detail: "The Idempotency-Key cannot be read.",
		}}))
		return once.Answer{}, false
	}
	claim := placing.Claim{Key: sha256.Sum256([]byte(key)), Request: fingerprint(c.Request.URL.Path, body)}
	ctx, cancel := context.WithTimeout(c.Request.Context(), placeLimit)
	defer cancel()
	answer, err := s.uses.Once.Place(ctx, claim, requests)
	switch {
	case err == nil:
		return answer, true
	case errors.Is(err, once.ErrReused):
		httpapi.Write(c, httpapi.KeyReused.Problem("Use a new Idempotency-Key for another request."))
	case errors.Is(err, once.ErrInFlight):
		httpapi.Write(c, again(httpapi.KeyInFlight.Problem("The first request with this Idempotency-Key is not answered yet.")))
	default:
		s.fail(c, err, mayExistKeyed)
	}
	return once.Answer{}, false
}

// fingerprint tells whether a retry asks for the same: its path, and its body to the byte.
func fingerprint(path string, body []byte) (sum [32]byte) {
	hash := sha256.New()
	_, _ = hash.Write([]byte(path + "\n")) // never fails
	_, _ = hash.Write(body)
	hash.Sum(sum[:0])
	return sum
}

// parseKey reads a string of RFC 8941, section 3.3.3, as the draft has it, or a bare one, as many clients send it. Both
// forms of a key are the same key.
func parseKey(header []string) (string, bool) {
	if len(header) != 1 {
		return "", false
	}
	key := header[0] // net/http has cut the white space around it
	if strings.HasPrefix(key, `"`) {
		var ok bool
		if key, ok = unquote(key); !ok {
			return "", false
		}
	} else if strings.ContainsAny(key, " \"\\") {
		return "", false
	}
	for _, b := range []byte(key) {
		if b < ' ' || b > '~' {
			return "", false
		}
	}
	return key, key != "" && len(key) <= maxKey
}

func unquote(text string) (string, bool) {
	if len(text) < 2 || text[len(text)-1] != '"' {
		return "", false
	}
	var key strings.Builder
	inner := text[1 : len(text)-1]
	for i := 0; i < len(inner); i++ {
		switch inner[i] {
		case '"':
			return "", false
		case '\\':
			i++
			if i == len(inner) || inner[i] != '"' && inner[i] != '\\' {
				return "", false
			}
		}
		key.WriteByte(inner[i])
	}
	return key.String(), true
}
