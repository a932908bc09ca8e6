package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/shared/httpapi"
)

// TestTheProblemsPageIsTheServicesOwn holds docs/problems.md against what the services serve below /problems.
// go test ./docs -update writes it anew.
func TestTheProblemsPageIsTheServicesOwn(t *testing.T) {
	t.Parallel()
	const file = "docs/problems.md"
	var page strings.Builder
	page.WriteString(problemsIntro)
	for _, kind := range httpapi.Kinds() {
		fmt.Fprintf(&page, "\n## `%s`: %d\n\n%s. %s\n\n%s\n", kind.Type(), kind.Status, kind.Title, kind.Meaning, kind.Remedy)
	}
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join(root, file), []byte(page.String()), 0o600))
	}
	require.Equal(t, page.String(), read(t, file), "run go test ./docs -update")
}

const problemsIntro = `# Problems

Every error of the two APIs is a problem ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)):

` + "```json" + `
{"type":"/problems/validation","title":"The request breaks a rule","status":400,
 "detail":"Each entry of errors names a field and the limit that it broke.","request_id":"9f1c2ad2e5d94b7d8f0e6a8b11c47e1a",
 "errors":[{"field":"name","limit":"1 to 200 characters","detail":"The name is empty."}]}
` + "```" + `

Programs tell problems apart by ` + "`type`" + `: these never change. A type is a path on the service that answered, and a page
that a person can read. ` + "`title`" + ` is the same for each problem of a type, ` + "`detail`" + ` is about this case. ` + "`request_id`" + ` is what
the request sent as ` + "`X-Request-Id`" + `, or what it was given; the service's log has it. ` + "`errors`" + ` and ` + "`Retry-After`" + ` are there
where they help.
`
