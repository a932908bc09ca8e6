package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/api"
	"ordertrack/shared/contract"
)

// example is a request as the API's document shows it.
type example struct{ method, path, body string }

func examples(t *testing.T) []example {
	t.Helper()
	var all []example
	for path, item := range contract.Load(t, api.OrderService).Paths.Map() {
		for method, operation := range item.Operations() {
			address := path
			for _, parameter := range operation.Parameters {
				if parameter.Value.In == "path" {
					value, err := json.Marshal(parameter.Value.Example)
					require.NoError(t, err)
					address = strings.ReplaceAll(address, "{"+parameter.Value.Name+"}", string(value))
				}
			}
			if method == http.MethodGet {
				all = append(all, example{method: method, path: address})
				continue
			}
			for _, shown := range operation.RequestBody.Value.Content["application/json"].Examples {
				body, err := json.Marshal(shown.Value.Value)
				require.NoError(t, err)
				all = append(all, example{method: method, path: address, body: string(body)})
			}
		}
	}
	return all
}
