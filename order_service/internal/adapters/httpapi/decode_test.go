package httpapi

import (
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/name"
)

// FuzzDecodeOrder holds the decoder against the library's own strict one, which tells less but may not know better.
func FuzzDecodeOrder(f *testing.F) {
	for _, seed := range []string{
		`{"name":"John Doe","note":"First order"}`, `{"name":"a","name":"b"}`, `{"name":7}`, `{"name":null,"note":null}`,
		`{"name":"\ud83d\ude00"}`, `{"name":"\ud83d"}`, "{\"name\":\"\xff\"}", `[[[[[[[[[[`, `{"x":{"y":[{"z":[[[[[[1]]]]]]}]}}`,
		`{"name":"Ann"} x`, ``, `nul`, `{"name":"` + "\u0000" + `"}`, `{"":"" ,"name" : "\u0041"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		request, problem := decodeOrder(body)
		var oracle struct {
			Name *string `json:"name"`
			Note *string `json:"note"`
		}
		err := json.Unmarshal(body, &oracle, json.RejectUnknownMembers(true))
		if problem != nil {
			require.NotEmpty(t, problem.Detail)
			require.True(t, err != nil || oracle.Name == nil || isIllegal(*oracle.Name, oracle.Note), "%s", body)
			return
		}
		require.NoError(t, err)
		want, err := name.Parse(*oracle.Name)
		require.NoError(t, err)
		require.Equal(t, want, request.Name)
		if oracle.Note == nil {
			require.Equal(t, domain.Note{}, request.Note)
			return
		}
		require.Equal(t, *oracle.Note, request.Note.String())
	})
}

func isIllegal(who string, note *string) bool {
	if _, err := name.Parse(who); err != nil || note == nil {
		return true // a note of null is refused, which the oracle lets pass as none
	}
	_, err := domain.ParseNote(*note)
	return err != nil
}

func BenchmarkDecodeOrder(b *testing.B) {
	body := []byte(`{"name":"John Doe","note":"First order"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, problem := decodeOrder(body); problem != nil {
			b.Fatal(problem.Detail)
		}
	}
}
