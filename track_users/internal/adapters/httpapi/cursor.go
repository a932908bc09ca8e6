package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/domain"
)

// A cursor says behind which user a page begins, and of which list: version, sort, direction, the user's id, what the
// list is in the order of, and a sum over these. The sum keeps cursors from being made up or mixed up by mistake. It is
// no secret, and guards none: every cursor that can be made leads to a page that anyone may read.
const (
	cursorVersion = 1
	cursorLabel   = "track_users cursor" // keeps the sums of other programs' cursors from fitting
	cursorHead    = 3
	cursorID      = 8
	cursorSum     = 8
	maxCursor     = 2048 // characters; a name has 200 characters of 4 bytes at most
)

// errCursor says that a text is no cursor of this list.
var errCursor = errors.New("is not a cursor of this list")

// encodeCursor makes the cursor of the page behind a user.
func encodeCursor(q reading.Query, last domain.User) string {
	raw := binary.BigEndian.AppendUint64(cursorHeadOf(q), uint64(last.ID)) //nolint:gosec // ids are above 0
	switch q.Sort {
	case reading.ByCounter:
		raw = binary.BigEndian.AppendUint64(raw, uint64(last.Counter)) //nolint:gosec // counters are above 0
	case reading.ByName:
		raw = append(raw, last.Name.String()...)
	case reading.ByCreation:
		raw = binary.BigEndian.AppendUint64(raw, uint64(last.CreatedAt.UnixMicro()))
	}
	return base64.RawURLEncoding.EncodeToString(append(raw, sumOf(raw)...))
}

// decodeCursor reads the cursor of a list. errCursor when it is none, or another list's.
func decodeCursor(q reading.Query, text string) (domain.User, error) {
	if len(text) > maxCursor {
		return domain.User{}, errCursor
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < cursorHead+cursorID+cursorSum || base64.RawURLEncoding.EncodeToString(raw) != text {
		return domain.User{}, errCursor
	}
	content, sum := raw[:len(raw)-cursorSum], raw[len(raw)-cursorSum:]
	if !bytes.Equal(sum, sumOf(content)) || !bytes.HasPrefix(content, cursorHeadOf(q)) {
		return domain.User{}, errCursor
	}
	id, key := int64(binary.BigEndian.Uint64(content[cursorHead:])), content[cursorHead+cursorID:] //nolint:gosec // checked next
	if id <= 0 {
		return domain.User{}, errCursor
	}
	return decodeKey(q.Sort, domain.User{ID: id}, key)
}

func decodeKey(sort reading.Sort, user domain.User, key []byte) (domain.User, error) {
	if sort == reading.ByName {
		who, err := name.Parse(string(key))
		if err != nil || who.String() != string(key) {
			return domain.User{}, errCursor
		}
		user.Name = who
		return user, nil
	}
	if len(key) != 8 {
		return domain.User{}, errCursor
	}
	number := int64(binary.BigEndian.Uint64(key)) //nolint:gosec // checked next
	if sort == reading.ByCounter {
		user.Counter = number
		if number <= 0 {
			return domain.User{}, errCursor
		}
		return user, nil
	}
	user.CreatedAt = time.UnixMicro(number).UTC()
	if year := user.CreatedAt.Year(); year < 1 || year > 9999 {
		return domain.User{}, errCursor
	}
	return user, nil
}

func cursorHeadOf(q reading.Query) []byte {
	direction := byte(0)
	if q.Descending {
		direction = 1
	}
	return []byte{cursorVersion, byte(q.Sort), direction} //nolint:gosec // one of three
}

func sumOf(content []byte) []byte {
	sum := sha256.Sum256(append([]byte(cursorLabel), content...))
	return sum[:cursorSum]
}
