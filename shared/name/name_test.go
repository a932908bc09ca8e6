package name_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"ordertrack/shared/name"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParse(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		raw  string
		want string
		err  error
	}{
		"plain":                   {raw: "John Doe", want: "John Doe"},
		"trimmed":                 {raw: " \t Ann\u00a0\n", want: "Ann"},
		"composed":                {raw: "Zoe\u0308", want: "Zo\u00eb"},
		"slashes and emoji":       {raw: "a/b 👩‍🚀", want: "a/b 👩‍🚀"},
		"longest":                 {raw: strings.Repeat("ö", name.MaxLength), want: strings.Repeat("ö", name.MaxLength)},
		"longest once composed":   {raw: strings.Repeat("o\u0308", name.MaxLength), want: strings.Repeat("ö", name.MaxLength)},
		"empty":                   {raw: "", err: name.ErrEmpty},
		"white space":             {raw: " \u2003\n", err: name.ErrEmpty},
		"too long":                {raw: strings.Repeat("x", name.MaxLength+1), err: name.ErrTooLong},
		"NUL":                     {raw: "a\x00b", err: name.ErrControl},
		"newline within":          {raw: "a\nb", err: name.ErrControl},
		"delete":                  {raw: "a\x7fb", err: name.ErrControl},
		"C1 control":              {raw: "a\u0085b", err: name.ErrControl},
		"invalid UTF-8":           {raw: "a\xffb", err: name.ErrInvalidUTF8},
		"surrogate half in UTF-8": {raw: "\xed\xa0\x80", err: name.ErrInvalidUTF8},
	}
	for title, tc := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			got, err := name.Parse(tc.raw)
			require.ErrorIs(t, err, tc.err)
			require.Equal(t, tc.want, got.String())
			require.Equal(t, tc.err == nil, name.Limit(err) == "", "every error has a limit to tell")
		})
	}
}

func TestParseProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.OneOf(rapid.String(), rapid.StringN(150, 260, -1)).Draw(t, "raw")
		parsed, err := name.Parse(raw)
		if err != nil {
			require.True(t, parsed.IsZero())
			return
		}
		value := parsed.String()
		require.True(t, norm.NFC.IsNormalString(value))
		require.Equal(t, strings.TrimSpace(value), value)
		require.Equal(t, -1, strings.IndexFunc(value, unicode.IsControl))
		length := utf8.RuneCountInString(value)
		require.True(t, 1 <= length && length <= name.MaxLength)

		again, err := name.Parse(value)
		require.NoError(t, err)
		require.Equal(t, parsed, again, "parsing is idempotent")

		decomposed, err := name.Parse(norm.NFD.String(value))
		require.NoError(t, err)
		require.Equal(t, parsed, decomposed, "one name, however it was typed")
		require.Equal(t, parsed, name.Restore(value))
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "John Doe", "e\u0301", "a\x00", "\xff", strings.Repeat("y", 201)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		parsed, err := name.Parse(raw)
		if err == nil {
			again, err := name.Parse(parsed.String())
			require.NoError(t, err)
			require.Equal(t, parsed, again)
		}
	})
}
