package ordertoken_test

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/shared/ordertoken"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const logID = "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11"

// Tokens are kept by clients: the bytes of a version never change.
const known = "AQGXssR-Gnw7nVI_Hw5qixEHAAAAAAAAEmcuSuIi"

func place() ordertoken.Place { return ordertoken.Place{LogID: logID, Lane: 7, Sequence: 4711} }

func TestTheKnownToken(t *testing.T) {
	t.Parallel()
	token, err := ordertoken.Encode(place())
	require.NoError(t, err)
	require.Equal(t, known, token)
	require.Len(t, token, ordertoken.Length)
	require.Equal(t, token, url.QueryEscape(token), "it stands in a URL as it is")
	got, err := ordertoken.Decode(token)
	require.NoError(t, err)
	require.Equal(t, place(), got)
	require.Equal(t, "/order_service/logs/"+logID, got.Source())
}

func TestEveryWrongCharacterIsSeen(t *testing.T) {
	t.Parallel()
	for at := range known {
		for _, other := range "A_-z9+/=%\n \x00é" {
			if damaged := known[:at] + string(other) + known[at+1:]; damaged != known {
				_, err := ordertoken.Decode(damaged)
				require.ErrorIs(t, err, ordertoken.ErrInvalid, damaged)
			}
		}
	}
	for _, text := range []string{"", known[:39], known + "A", known + "\n", " " + known, strings.Repeat("\n", 40), strings.Repeat("A", 40)} {
		_, err := ordertoken.Decode(text)
		require.ErrorIs(t, err, ordertoken.ErrInvalid, text)
	}
}

// sealed is a token with a valid checksum over anything.
func sealed(change func(raw []byte)) string {
	raw, _ := base64.RawURLEncoding.DecodeString(known)
	change(raw)
	binary.BigEndian.PutUint32(raw[26:], crc32.Checksum(raw[:26], crc32.MakeTable(crc32.Castagnoli)))
	return base64.RawURLEncoding.EncodeToString(raw)
}

func TestPlacesThatThereCannotBe(t *testing.T) {
	t.Parallel()
	require.Equal(t, known, sealed(func([]byte) {}))
	for title, change := range map[string]func(raw []byte){
		"another version":   func(raw []byte) { raw[0] = 2 },
		"lane 64":           func(raw []byte) { raw[17] = 64 },
		"sequence 0":        func(raw []byte) { clear(raw[18:26]) },
		"negative sequence": func(raw []byte) { raw[18] = 0x80 },
	} {
		_, err := ordertoken.Decode(sealed(change))
		require.ErrorIs(t, err, ordertoken.ErrInvalid, title)
	}
	for title, change := range map[string]func(p *ordertoken.Place){
		"no log": func(p *ordertoken.Place) { p.LogID = "" }, "not its usual form": func(p *ordertoken.Place) { p.LogID = "{" + logID + "}" },
		"capitals":   func(p *ordertoken.Place) { p.LogID = strings.ToUpper(logID) },
		"no hyphens": func(p *ordertoken.Place) { p.LogID = strings.ReplaceAll(logID, "-", "") },
		"lane 64":    func(p *ordertoken.Place) { p.Lane = 64 }, "lane -1": func(p *ordertoken.Place) { p.Lane = -1 },
		"sequence 0": func(p *ordertoken.Place) { p.Sequence = 0 },
	} {
		p := place()
		change(&p)
		_, err := ordertoken.Encode(p)
		require.ErrorIs(t, err, ordertoken.ErrInvalid, title)
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{known, "", sealed(func(raw []byte) { raw[17] = 63 }), sealed(func(raw []byte) { raw[18] = 0xff })} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ordertoken.Decode(text)
		if err != nil {
			require.ErrorIs(t, err, ordertoken.ErrInvalid)
			return
		}
		again, err := ordertoken.Encode(p)
		require.NoError(t, err)
		require.Equal(t, text, again, "one place has one token")
	})
}

func BenchmarkEncode(b *testing.B) {
	p := place()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = ordertoken.Encode(p)
	}
}
