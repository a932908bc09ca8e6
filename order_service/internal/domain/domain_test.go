package domain_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/name"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParseNote(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		raw string
		err error
	}{
		"empty":               {raw: ""},
		"kept to the letter":  {raw: " line one\n\tline two \u0007 Zoe\u0308 "},
		"longest":             {raw: strings.Repeat("👩", domain.MaxNoteLength)},
		"too long":            {raw: strings.Repeat("x", domain.MaxNoteLength+1), err: domain.ErrNoteTooLong},
		"NUL":                 {raw: "a\x00b", err: domain.ErrNoteNUL},
		"invalid UTF-8":       {raw: "a\xffb", err: domain.ErrNoteInvalidUTF8},
		"surrogate half":      {raw: "\xed\xa0\x80", err: domain.ErrNoteInvalidUTF8},
		"overlong NUL (C080)": {raw: "\xc0\x80", err: domain.ErrNoteInvalidUTF8},
	}
	for title, tc := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			note, err := domain.ParseNote(tc.raw)
			require.ErrorIs(t, err, tc.err)
			if tc.err == nil {
				require.Equal(t, tc.raw, note.String())
				return
			}
			require.Equal(t, domain.Note{}, note)
		})
	}
}

func TestParseNoteProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.OneOf(
			rapid.String(),
			rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 40), func(b []byte) string { return string(b) }),
			rapid.StringN(domain.MaxNoteLength-2, domain.MaxNoteLength+2, -1),
		).Draw(t, "raw")
		legal := utf8.ValidString(raw) && !strings.Contains(raw, "\x00") && utf8.RuneCountInString(raw) <= domain.MaxNoteLength

		note, err := domain.ParseNote(raw)
		require.Equal(t, legal, err == nil)
		if legal {
			require.Equal(t, raw, note.String())
			require.Equal(t, note, domain.RestoreNote(raw))
		}
	})
}

func TestNewDraft(t *testing.T) {
	t.Parallel()
	ann := name.Restore("Ann")
	cases := map[string]struct {
		who  name.Name
		lane int
		err  error
	}{
		"first lane": {who: ann, lane: 0},
		"last lane":  {who: ann, lane: domain.Lanes - 1},
		"no name":    {lane: 1, err: domain.ErrNoName},
		"below":      {who: ann, lane: -1, err: domain.ErrLane},
		"above":      {who: ann, lane: domain.Lanes, err: domain.ErrLane},
	}
	for title, tc := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			draft, err := domain.NewDraft(tc.who, domain.RestoreNote("hi"), tc.lane, "trace")
			require.ErrorIs(t, err, tc.err)
			if tc.err != nil {
				require.Equal(t, domain.Draft{}, draft)
				return
			}
			require.Equal(t, tc.who, draft.Name())
			require.Equal(t, "hi", draft.Note().String())
			require.Equal(t, tc.lane, draft.Lane())
			require.Equal(t, "trace", draft.TraceParent())
		})
	}
}

func TestAcceptKeepsWhatTheClientAskedFor(t *testing.T) {
	t.Parallel()
	draft, err := domain.NewDraft(name.Restore("Ann"), domain.RestoreNote("hi"), 7, "trace")
	require.NoError(t, err)
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

	require.Equal(t, domain.Order{
		ID: 5, Name: name.Restore("Ann"), Note: domain.RestoreNote("hi"), CreatedAt: at,
		Place: domain.Place{LogID: "log", Lane: 7, Sequence: 3}, TraceParent: "trace",
	}, draft.Accept(5, at, "log", 3))
}
