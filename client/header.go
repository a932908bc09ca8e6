package client

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxSeconds is the longest time of a Retry-After that a Duration holds; longer ones are as long.
const maxSeconds = int64(1<<63-1) / int64(time.Second)

// retryAfter reads Retry-After (RFC 9110, section 10.2.3): seconds, or a date. 0 for none, one that cannot be read, and
// one that has passed.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(maxSeconds))) * time.Second
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return max(0, date.Sub(now))
}

// nextCursor reads the cursor of the link whose rel is next, as the services write it (RFC 8288). Empty for none. Only the
// cursor is taken: no header leads this client elsewhere.
func nextCursor(link string) string {
	target, params, found := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if !found || !strings.Contains(params, `rel="next"`) {
		return ""
	}
	address, err := url.Parse(target)
	if err != nil {
		return ""
	}
	return address.Query().Get("cursor")
}
