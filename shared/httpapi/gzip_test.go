package httpapi_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLargeAnswersAreCompressedForThoseWhoTakeIt(t *testing.T) {
	t.Parallel()
	engine, _ := setup()
	const large, small = "/list?size=xxxxxxxxxxxxxxxx", "/list?size=xxxxxxxx"
	for _, tc := range []struct {
		path, accept string
		compressed   bool
	}{
		{large, "gzip", true},
		{large, "br, GZIP;q=0.5", true},
		{large, "*", true},
		{large, "gzip;q=0", false},
		{large, "*, gzip;q=0", false},
		{large, "gzip;q=x", false},
		{large, "br", false},
		{large, "", false},
		{small, "gzip", false},
	} {
		response := do(t, engine, http.MethodGet, tc.path, "Accept-Encoding", tc.accept)
		require.Equal(t, http.StatusOK, response.Code)
		require.Equal(t, "Accept-Encoding", response.Header().Get("Vary"))
		require.Equal(t, tc.compressed, response.Header().Get("Content-Encoding") == "gzip", "%s %s", tc.path, tc.accept)
		body := response.Body.String()
		if tc.compressed {
			require.Less(t, len(body), 200)
			reader, err := gzip.NewReader(response.Body)
			require.NoError(t, err)
			plain, err := io.ReadAll(reader)
			require.NoError(t, err)
			body = string(plain)
		}
		require.Equal(t, strings.Repeat("x", len(body)), body)
		require.Contains(t, []int{800, 1600}, len(body))
	}
}
