package httpapi

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"ordertrack/api"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/contract"
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

// FuzzDecodeBatch holds the decoder against the library's own strict one.
func FuzzDecodeBatch(f *testing.F) {
	for _, seed := range []string{
		`{"orders":[{"name":"John Doe","note":"First order"},{"name":"a"}]}`, `{"orders":[]}`, `{"orders":null}`, `{"orders":[7]}`,
		`{"orders":[{"name":"a"}],"orders":[]}`, `{"orders":[{"name":"a"}`, `[[[`, `{"x":1}`, ``, `{"orders":{"name":"a"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		requests, problem := decodeBatch(body)
		var oracle struct {
			Orders []struct {
				Name *string `json:"name"`
				Note *string `json:"note"`
			} `json:"orders"`
		}
		err := json.Unmarshal(body, &oracle, json.RejectUnknownMembers(true))
		if problem != nil {
			bad := err != nil || len(oracle.Orders) == 0 || len(oracle.Orders) > maxBatch
			for _, o := range oracle.Orders {
				bad = bad || o.Name == nil || isIllegal(*o.Name, o.Note)
			}
			require.True(t, bad, "%s", body)
			return
		}
		require.NoError(t, err)
		require.Len(t, requests, len(oracle.Orders))
		for i, o := range oracle.Orders {
			want, err := name.Parse(*o.Name)
			require.NoError(t, err)
			require.Equal(t, want, requests[i].Name)
		}
	})
}

// FuzzParseKey: a key that is taken survives being quoted.
func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{"k", `"k"`, `"a\\"`, `"a\"b"`, "", `"`, "a b", "\x00"} {
		f.Add(seed)
	}
	parameter := contract.Load(f, api.OrderService).Components.Parameters["IdempotencyKey"].Value.Schema.Value
	described := regexp.MustCompile(parameter.Pattern)
	f.Fuzz(func(t *testing.T, header string) {
		key, ok := parseKey([]string{header})
		require.Equal(t, described.MatchString(header), ok, "the document's pattern takes what is taken")
		if !ok {
			return
		}
		require.NotEmpty(t, key)
		require.LessOrEqual(t, len(key), maxKey)
		again, ok := parseKey([]string{`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`})
		require.True(t, ok)
		require.Equal(t, key, again)
	})
}

// FuzzTextsAreDescribed holds the document's patterns of a name and of a note against what is taken.
func FuzzTextsAreDescribed(f *testing.F) {
	for _, seed := range []string{"John Doe", "", " ", "\u0085 a\u0301\t", "a\tb", "\u2003", "a\x00", "\u009f", "a\n", "\ufeff", "\u180e", "\u200b"} {
		f.Add(seed)
	}
	properties := contract.Load(f, api.OrderService).Components.Schemas["OrderRequest"].Value.Properties
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		if _, err := name.Parse(text); !errors.Is(err, name.ErrTooLong) { // the length after normalization is not described
			require.Equal(t, err == nil, properties["name"].Value.VisitJSON(text) == nil, "%q: %v", text, err)
		}
		_, err := domain.ParseNote(text)
		require.Equal(t, err == nil, properties["note"].Value.VisitJSON(text) == nil, "%q: %v", text, err)
	})
}
