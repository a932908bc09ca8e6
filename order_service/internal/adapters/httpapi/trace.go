package httpapi

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
)

// traceHeader carries the caller's trace, W3C Trace Context (https://www.w3.org/TR/trace-context/#traceparent-header).
const traceHeader = "Traceparent"

// traceForm is version 00, not sampled.
const traceForm = "00-00000000000000000000000000000000-0000000000000000-00"

// traceParent is the request's trace context, in version 00; a new one when it has none that is valid. A new one is not
// marked as sampled: nobody has asked for that.
func traceParent(header http.Header) string {
	if given := header[traceHeader]; len(given) == 1 {
		if parent, ok := parseTraceParent(given[0]); ok {
			return parent
		}
	}
	var random [24]byte
	_, _ = rand.Read(random[:])                       // never fails, see crypto/rand
	random[0], random[16] = random[0]|1, random[16]|1 // an id of zeros is not valid
	parent := [len(traceForm)]byte([]byte(traceForm))
	hex.Encode(parent[3:], random[:16])
	hex.Encode(parent[36:], random[16:])
	return string(parent[:])
}

// parseTraceParent takes version 00 as it is, and of higher versions what version 00 knows, as the standard says.
func parseTraceParent(given string) (string, bool) {
	const length = len("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if len(given) < length || len(given) > length && (given[:2] == "00" || given[length] != '-') {
		return "", false
	}
	parts := strings.Split(given[:length], "-")
	if len(parts) != 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || len(parts[2]) != 16 || len(parts[3]) != 2 {
		return "", false
	}
	for _, part := range parts {
		if strings.Trim(part, "0123456789abcdef") != "" {
			return "", false
		}
	}
	if parts[0] == "ff" || strings.Trim(parts[1], "0") == "" || strings.Trim(parts[2], "0") == "" {
		return "", false
	}
	return "00" + given[2:length], true
}
