// Package golden holds what tests got against files under testdata. `go test -update` writes the files anew.
package golden

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Require holds a text against a file under testdata.
func Require(tb testing.TB, file, got string) {
	tb.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		require.NoError(tb, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path) //nolint:gosec // the name is the test's own
	require.NoError(tb, err)
	require.Equal(tb, string(want), got)
}

// RequireResponse holds a whole HTTP response, headers included, against the file of that title.
func RequireResponse(tb testing.TB, title string, recorder *httptest.ResponseRecorder) {
	tb.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "%d %s\n", recorder.Code, http.StatusText(recorder.Code))
	header := recorder.Header()
	for _, key := range slices.Sorted(maps.Keys(header)) {
		fmt.Fprintf(&text, "%s: %s\n", key, strings.Join(header[key], ", "))
	}
	fmt.Fprintf(&text, "\n%s\n", recorder.Body.String())
	Require(tb, strings.ReplaceAll(title, " ", "_")+".txt", text.String())
}
