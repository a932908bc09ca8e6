package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// etagBytes of a hash are plenty to tell the versions of one thing apart.
const etagBytes = 12

// ETag is a strong entity tag of a representation's bytes, RFC 9110, section 8.8.3.
func ETag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:etagBytes]) + `"`
}

// Matches tells whether an If-None-Match header names the tag, by weak comparison (RFC 9110, section 13.1.2).
func Matches(header, etag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	for tag := range strings.SplitSeq(header, ",") { // tags of ours have no comma
		if strings.TrimPrefix(strings.TrimSpace(tag), "W/") == etag {
			return true
		}
	}
	return false
}

// WriteTagged answers with a representation and its ETag, or with 304 when the client's If-None-Match has it already.
func WriteTagged(w http.ResponseWriter, r *http.Request, contentType string, body []byte) error {
	etag, header := ETag(body), w.Header()
	header.Set("ETag", etag)
	if Matches(strings.Join(r.Header["If-None-Match"], ","), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	header.Set("Content-Type", contentType)
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(body)
	return err
}
