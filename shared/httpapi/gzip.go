package httpapi

import (
	"compress/gzip"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
)

// gzipFrom is the least size of a body, in bytes, that is compressed: what fits into one packet gains nothing.
const gzipFrom = 1400

var compressors = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil { // the level is a constant and valid
		panic(err)
	}
	return w
}}

// Compress compresses answers that are large enough, for clients that take gzip. It is for handlers that write their
// body at once, as lists are; a stream must not be behind it.
func Compress(c *gin.Context) {
	c.Writer.Header().Add("Vary", "Accept-Encoding")
	if !takesGzip(strings.Join(c.Request.Header["Accept-Encoding"], ",")) {
		return
	}
	w := &gzipWriter{ResponseWriter: c.Writer}
	c.Writer = w
	defer w.finish()
	c.Next()
}

// gzipWriter decides at the first write.
type gzipWriter struct {
	gin.ResponseWriter

	decided    bool
	compressor *gzip.Writer
}

func (w *gzipWriter) Write(p []byte) (int, error) {
	if !w.decided {
		w.decided = true
		w.begin(len(p))
	}
	if w.compressor == nil {
		return w.ResponseWriter.Write(p)
	}
	return w.compressor.Write(p)
}

func (w *gzipWriter) begin(size int) {
	header := w.Header()
	if size < gzipFrom || header.Get("Content-Encoding") != "" || w.Written() {
		return
	}
	header.Set("Content-Encoding", "gzip")
	header.Del("Content-Length")
	if etag := header.Get("ETag"); etag != "" && !strings.HasPrefix(etag, "W/") {
		header.Set("ETag", "W/"+etag) // other bytes: no longer the strong one's (RFC 9110, section 8.8.1)
	}
	compressor, _ := compressors.Get().(*gzip.Writer)
	compressor.Reset(w.ResponseWriter)
	w.compressor = compressor
}

// WriteString is part of gin's writer, and would go past Write.
func (w *gzipWriter) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

func (w *gzipWriter) finish() {
	if w.compressor == nil {
		return
	}
	_ = w.compressor.Close() // a client that has gone gets no answer
	compressors.Put(w.compressor)
	w.compressor = nil
}

// takesGzip reads Accept-Encoding (RFC 9110, section 12.5.3); a coding with q=0 is refused.
func takesGzip(header string) bool {
	takes := false
	for part := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding != "gzip" && coding != "*" {
			continue
		}
		accepted := true
		if text, given := strings.CutPrefix(strings.TrimSpace(params), "q="); given {
			q, err := strconv.ParseFloat(text, 64)
			accepted = err == nil && q > 0
		}
		if coding == "gzip" {
			return accepted
		}
		takes = accepted
	}
	return takes
}
