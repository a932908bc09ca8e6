package reading

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

// ErrCursor says that a cursor was not made here, was changed, or belongs to a list with other filters.
var ErrCursor = errors.New("the cursor is not valid here")

// The bytes of a cursor: version, time in microseconds since 1970, id, and a seal over these and the filter. 33 bytes are
// 44 characters of base64 with no bit to spare.
const (
	cursorVersion = 1
	atTime        = 1
	atID          = atTime + 8
	atSeal        = atID + 8
	sealSize      = 16
	cursorSize    = atSeal + sealSize
)

// sealCursor writes a position so that only who has the key can make it.
func sealCursor(key []byte, filter Filter, position Position) string {
	var raw [cursorSize]byte
	raw[0] = cursorVersion
	putInt(raw[atTime:], position.CreatedAt.UnixMicro())
	putInt(raw[atID:], position.ID)
	copy(raw[atSeal:], seal(key, filter, raw[:atSeal]))
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// openCursor returns ErrCursor for what sealCursor did not make with this key and this filter.
func openCursor(key []byte, filter Filter, cursor string) (Position, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) != cursorSize || raw[0] != cursorVersion ||
		len(cursor) != base64.RawURLEncoding.EncodedLen(cursorSize) ||
		!hmac.Equal(raw[atSeal:], seal(key, filter, raw[:atSeal])) {
		return Position{}, ErrCursor
	}
	return Position{CreatedAt: time.UnixMicro(getInt(raw[atTime:])).UTC(), ID: getInt(raw[atID:])}, nil
}

func seal(key []byte, filter Filter, position []byte) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write(position) // never fails
	var bounds [16]byte
	putInt(bounds[:], filter.After.UnixMicro()) // of the zero time, too: it is no time that anybody means
	putInt(bounds[8:], filter.Before.UnixMicro())
	_, _ = mac.Write(bounds[:])
	_, _ = mac.Write([]byte(filter.Name.String())) // last, so that it needs no length
	return mac.Sum(nil)[:sealSize]
}

func putInt(to []byte, value int64) {
	binary.BigEndian.PutUint64(to, uint64(value)) //nolint:gosec // bits as they are
}

func getInt(from []byte) int64 {
	return int64(binary.BigEndian.Uint64(from)) //nolint:gosec // bits as they were
}
