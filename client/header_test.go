package client

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "-1": 0, "soon": 0, "1.5": 0, "18446744073709551616": 0,
		"18446744073709551615":            time.Duration(maxSeconds) * time.Second,
		"Tue, 24 Nov 2026 12:00:09 GMT":   9 * time.Second,
		"Tue, 24 Nov 2026 11:00:00 GMT":   0,
		"Tuesday, 24-Nov-26 12:00:09 GMT": 9 * time.Second,
	} {
		require.Equal(t, want, retryAfter(header, noon), header)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, header := range []string{"", "7", "99999999999999999", "Tue, 24 Nov 2026 12:00:09 GMT", "Mon, 01 Jan 9999 00:00:00 GMT"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got := retryAfter(header, noon)
		require.GreaterOrEqual(t, got, time.Duration(0), "one comes back later, never earlier")
		if got > 0 && got < time.Hour { // what was read can be written
			date := noon.Add(got).Format(http.TimeFormat)
			require.Equal(t, got.Truncate(time.Second), retryAfter(date, noon))
		}
	})
}

func TestNextCursor(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		"": "", "</api/v1/orders?limit=1&cursor=a%2Fb>; rel=\"next\"": "a/b", "</api/v1/orders?cursor=a>; rel=\"prev\"": "",
		"<http://elsewhere/?cursor=a>; rel=\"next\"": "a", "<%zz?cursor=a>; rel=\"next\"": "", "cursor=a": "",
	} {
		require.Equal(t, want, nextCursor(link), link)
	}
}

func FuzzNextCursor(f *testing.F) {
	f.Add("abc")
	f.Add("a/b+c=&>\"")
	f.Fuzz(func(t *testing.T, cursor string) {
		nextCursor(cursor) // whatever a header holds
		link := "</api/v1/orders?" + url.Values{"cursor": {cursor}, "limit": {"1"}}.Encode() + ">; rel=\"next\""
		require.Equal(t, cursor, nextCursor(link))
	})
}
