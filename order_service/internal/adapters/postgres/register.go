package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/order_service/internal/domain"
)

// Register begins new logs for reasons that come from outside the database. It implements renewing.Log.
type Register struct {
	pool       *pgxpool.Pool
	succession *Succession
}

// NewRegister makes a register.
func NewRegister(pool *pgxpool.Pool, succession *Succession) *Register {
	return &Register{pool: pool, succession: succession}
}

// RenewIfBehind looks at the marks of the log that is written now. The heads are read after the marks and only grow, so a
// mark beyond its head is of a time that this database has forgotten.
func (r *Register) RenewIfBehind(ctx context.Context, applied domain.Applied) error {
	const sql = `
		SELECT format('track_users has applied %s events of lane %s, where there are %s', applied, lane, head - base)
		FROM unnest($1::text[], $2::smallint[], $3::bigint[]) AS mark (log_id, lane, applied)
		JOIN order_lane USING (lane) JOIN order_log ON order_log.id::text = mark.log_id
		WHERE applied > head - base
		ORDER BY lane LIMIT 1`
	m := marksOf(applied)
	_, err := r.succession.renew(ctx, r.pool, func(ctx context.Context, db querier) (_, reason string, err error) {
		err = db.QueryRow(ctx, sql, m.logs, m.lanes, m.applied).Scan(&reason)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return "", "", fmt.Errorf("compare the lanes with the receiver's marks: %w", err)
		}
		return "", reason, nil
	})
	return err
}

// Renew begins a new log because somebody says so, and returns its id.
func (r *Register) Renew(ctx context.Context, reason string) (logID string, err error) {
	return r.succession.renew(ctx, r.pool, func(ctx context.Context, db querier) (here, _ string, err error) {
		here, _, err = r.succession.look(ctx, db)
		return here, reason, err
	})
}
