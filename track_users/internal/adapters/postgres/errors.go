package postgres

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"ordertrack/track_users/internal/application/tallying"
)

// uniqueViolation is the SQLSTATE of a row that is there already.
const uniqueViolation = "23505"

// interpret says in the words of tallying.Ledger what an error means. Only an error that is in the data itself (SQLSTATE
// classes 22 and 23) refuses a batch: anything else, a missing privilege or table included, somebody can mend, and the
// batch can wait for that. A user that another transaction has made is no such error either: the next try finds it.
func interpret(err error) error {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	if ok && answer.Code == uniqueViolation && answer.TableName == "track_user" {
		ok = false
	}
	if ok && (strings.HasPrefix(answer.Code, "22") || strings.HasPrefix(answer.Code, "23")) {
		return err
	}
	return fmt.Errorf("%w: %w", tallying.ErrUnavailable, err)
}
