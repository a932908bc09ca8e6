package audit

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// cursor walks over the rows of a query while they arrive: it holds one of them at a time.
type cursor[T any] struct {
	row  T
	more bool // whether row is one

	scan    func(pgx.Rows, *T) error
	rows    pgx.Rows
	explain func(error) error
}

// stream starts the query and reads its first row.
func stream[T any](
	ctx context.Context, s *snapshot, what string, scan func(pgx.Rows, *T) error, sql string, args ...any,
) (*cursor[T], error) {
	explain := func(err error) error { return s.explain(what, err) }
	rows, err := s.tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, explain(err)
	}
	c := &cursor[T]{scan: scan, rows: rows, explain: explain}
	if err := c.next(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *cursor[T]) next() error {
	c.more = c.rows.Next()
	if c.more {
		if err := c.scan(c.rows, &c.row); err != nil {
			return c.explain(err)
		}
		return nil
	}
	if err := c.rows.Err(); err != nil {
		return c.explain(err)
	}
	return nil
}

func (c *cursor[T]) close() { c.rows.Close() }
