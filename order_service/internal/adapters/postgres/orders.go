package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/name"
	"ordertrack/shared/pgdb"
)

// readLimit bounds each statement of a reader.
const readLimit = 5 * time.Second

// Orders reads the log for those who ask for orders. It implements reading.Orders.
type Orders struct {
	pool  *pgxpool.Pool
	slots chan struct{}
}

// NewOrders makes the readers' side of the log. Readers get half of the pool's connections at most: however many there
// are, orders can be placed.
func NewOrders(pool *pgxpool.Pool) *Orders {
	return &Orders{pool: pool, slots: make(chan struct{}, max(1, pool.Config().MaxConns/2))}
}

// read runs one statement's work when there is a slot for it.
func (o *Orders) read(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	select {
	case o.slots <- struct{}{}:
		defer func() { <-o.slots }()
		return unreadable(work(ctx))
	case <-ctx.Done():
		return unreadable(context.Cause(ctx))
	}
}

// ByID looks an order up, with its place and the relay's cursor, at one moment.
func (o *Orders) ByID(ctx context.Context, id int64) (domain.Order, bool, error) {
	const sql = `
		SELECT o.id, o.name, o.note, o.created_at, o.traceparent, ` + placeColumns + `,
			o.id <= (SELECT published FROM relay_cursor WHERE single)
		FROM orders o` + placeJoins + `
		WHERE o.id = $1`
	var (
		order     domain.Order
		who, note string
		published bool
	)
	err := o.read(ctx, func(ctx context.Context) error {
		return o.pool.QueryRow(ctx, sql, id).Scan(&order.ID, &who, &note, &order.CreatedAt, &order.TraceParent,
			&order.Place.LogID, &order.Place.Lane, &order.Place.Sequence, &published)
	})
	if err != nil {
		return domain.Order{}, false, err
	}
	order.Name, order.Note, order.CreatedAt = name.Restore(who), domain.RestoreNote(note), order.CreatedAt.UTC()
	return order, published, nil
}

// Newest reads a page off the end of an index: orders_by_name with a name, orders_by_time without one.
func (o *Orders) Newest(ctx context.Context, query reading.Query) ([]domain.Order, error) {
	sql, args := newest(query)
	var orders []domain.Order
	err := o.read(ctx, func(ctx context.Context) (err error) {
		orders, err = pgdb.CollectPlanned(ctx, o.pool, toListed, sql, args...)
		return err
	})
	return orders, err
}

func toListed(row pgx.CollectableRow) (domain.Order, error) {
	var (
		order     domain.Order
		who, note string
	)
	err := row.Scan(&order.ID, &who, &note, &order.CreatedAt)
	order.Name, order.Note, order.CreatedAt = name.Restore(who), domain.RestoreNote(note), order.CreatedAt.UTC()
	return order, err
}

// newest writes the statement: one text for each set of bounds, so that each has a plan of its own.
//
// A name is one of a list of one, not equal: the planner would else be free to walk all orders by their time until it has
// met enough of that name, which is fast for a name that orders often, and endless for one that has ceased to. A range of
// names would keep it from that, too, but then PostgreSQL reads on below a bound on the time, to the name's first order.
func newest(query reading.Query) (sql string, args []any) {
	columns := "created_at DESC, id DESC"
	var conditions []string
	where := func(condition string, values ...any) {
		numbers := make([]any, len(values))
		for i := range values {
			numbers[i] = len(args) + i + 1
		}
		conditions, args = append(conditions, fmt.Sprintf(condition, numbers...)), append(args, values...)
	}
	if !query.Name.IsZero() {
		where(`name COLLATE "C" = ANY ($%d::text[])`, []string{query.Name.String()})
		columns = `name COLLATE "C" DESC, ` + columns
	}
	if !query.After.IsZero() {
		where("created_at >= $%d", query.After)
	}
	switch { // a position lies within the bounds already
	case query.Behind != nil:
		where("(created_at, id) < ($%d, $%d)", query.Behind.CreatedAt, query.Behind.ID)
	case !query.Before.IsZero():
		where("created_at < $%d", query.Before)
	}
	args = append(args, query.Limit)
	sql = "SELECT id, name, note, created_at FROM orders"
	if len(conditions) > 0 {
		sql += " WHERE " + strings.Join(conditions, " AND ")
	}
	return sql + fmt.Sprintf(" ORDER BY %s LIMIT $%d", columns, len(args)), args
}

// CursorKey reads the secret that the schema was made with.
func (o *Orders) CursorKey(ctx context.Context) ([]byte, error) {
	const sql = `SELECT key FROM cursor_key WHERE single`
	var key []byte
	err := o.read(ctx, func(ctx context.Context) error { return o.pool.QueryRow(ctx, sql).Scan(&key) })
	return key, err
}

// unreadable says in the words of reading.Orders what an error means.
func unreadable(err error) error {
	switch {
	case err == nil || pgdb.IsPermanent(err):
		return err
	case errors.Is(err, pgx.ErrNoRows):
		return reading.ErrNotFound
	default:
		return fmt.Errorf("%w: %w", reading.ErrUnavailable, err)
	}
}
