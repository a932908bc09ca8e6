package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/shared/pgdb"
)

// notNullViolation is an SQLSTATE.
const notNullViolation = "23502"

// errAppended says that a batch with this number, or a later one, was appended before.
var errAppended = errors.New("the batch is not new")

// interpret says in the words of placing.Log what an error means for the batch that was sent. An ERROR from the server
// has rolled the transaction back. A FATAL one ends the session and may come after the commit, instead of its answer;
// so may a lost connection or a time limit.
func interpret(err error) error {
	var answer *pgconn.PgError
	rolledBack := errors.As(err, &answer) && answer.SeverityUnlocalized == "ERROR"
	switch {
	case rolledBack && answer.Code == notNullViolation && answer.TableName == "order_writer":
		return errAppended
	case rolledBack && answer.ConstraintName == claimConstraint:
		return fmt.Errorf("%w: %w", placing.ErrKeyTaken, err)
	case rolledBack && pgdb.IsPermanent(err):
		return err
	case rolledBack, pgconn.SafeToRetry(err):
		return unavailable(err)
	default:
		return fmt.Errorf("%w: %w", placing.ErrUnknownOutcome, err)
	}
}

func unavailable(err error) error {
	return fmt.Errorf("%w: %w", placing.ErrUnavailable, err)
}
