package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/track_users/internal/application/streaming"
)

// Changes reads which users transactions have changed. It implements streaming.Changes.
//
// A position is the epoch and the snapshot that it was read in, as PostgreSQL writes snapshots: the first transaction
// that was not finished, the first that had not begun, and those between that were not finished.
type Changes struct {
	pool *pgxpool.Pool
}

// NewChanges makes one on a pool.
func NewChanges(pool *pgxpool.Pool) *Changes { return &Changes{pool: pool} }

// Now begins an epoch if there is none, or if it is of another server's time: a dump that was loaded has old rows.
func (c *Changes) Now(ctx context.Context) (streaming.Position, error) {
	const (
		strangeSQL = `DELETE FROM stream_epoch WHERE begins > pg_snapshot_xmax(pg_current_snapshot())`
		createSQL  = `INSERT INTO stream_epoch DEFAULT VALUES ON CONFLICT DO NOTHING`
	)
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	at, err := c.position(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		batch := &pgx.Batch{}
		batch.Queue(strangeSQL)
		batch.Queue(createSQL)
		if err = c.pool.SendBatch(ctx, batch).Close(); err == nil {
			at, err = c.position(ctx)
		}
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", streaming.ErrUnavailable, err)
	}
	return at.text(), nil
}

func (c *Changes) position(ctx context.Context) (position, error) {
	const sql = `
		SELECT epoch, begins::text::bigint, pg_current_snapshot()::text FROM stream_epoch
		WHERE begins <= pg_snapshot_xmax(pg_current_snapshot())`
	var at position
	err := c.pool.QueryRow(ctx, sql).Scan(&at.epoch, &at.begins, &at.snapshot)
	return at, err
}

// Since reads the rows that are visible now and were not at the position, in one snapshot with the users.
func (c *Changes) Since(ctx context.Context, from streaming.Position, limit int) (streaming.Changed, error) {
	begin, ok := parsePosition(from)
	if !ok {
		return c.missed(ctx)
	}
	reading, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	var (
		changed streaming.Changed
		known   bool
	)
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(reading, c.pool, options, func(tx pgx.Tx) (err error) {
		changed, known, err = readChanges(reading, tx, begin, limit)
		return err
	})
	switch {
	case err != nil:
		return streaming.Changed{}, fmt.Errorf("%w: %w", streaming.ErrUnavailable, err)
	case !known:
		return c.missed(ctx)
	}
	if len(changed.Users) > limit {
		changed.Users, changed.Missed = nil, true
	}
	return changed, nil
}

func (c *Changes) missed(ctx context.Context) (streaming.Changed, error) {
	now, err := c.Now(ctx)
	return streaming.Changed{Missed: true, At: now}, err
}

// readChanges tells also whether the position is known: of this epoch, not older than the rows, not newer than now.
func readChanges(ctx context.Context, tx pgx.Tx, from position, limit int) (changed streaming.Changed, known bool, err error) {
	const (
		nowSQL = `
			SELECT epoch, begins::text::bigint, pg_current_snapshot()::text,
				$1::text::xid8 >= begins AND $2::text::xid8 <= pg_snapshot_xmax(pg_current_snapshot())
			FROM stream_epoch`
		usersSQL = `
			SELECT id, name, counter, created_at FROM track_user
			WHERE name = ANY (ARRAY(
				SELECT DISTINCT unnest(names) COLLATE "C" FROM user_change
				WHERE xid >= $1::text::xid8 AND NOT pg_visible_in_snapshot(xid, $2::text::pg_snapshot) LIMIT $3))`
	)
	var now position
	batch := &pgx.Batch{}
	batch.Queue(nowSQL, decimal(from.xmin), decimal(from.xmax)).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&now.epoch, &now.begins, &now.snapshot, &known)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // the server has crashed since
		}
		return err
	})
	batch.Queue(usersSQL, decimal(from.xmin), from.snapshot, limit+1).Query(func(rows pgx.Rows) (err error) {
		changed.Users, err = pgx.CollectRows(rows, toUser)
		return err
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return streaming.Changed{}, false, err
	}
	changed.At = now.text()
	return changed, known && now.epoch == from.epoch, nil
}

// Forget drops the rows of transactions that had finished at the position. Positions of before are not known any more.
func (c *Changes) Forget(ctx context.Context, before streaming.Position) error {
	const (
		epochSQL = `UPDATE stream_epoch SET begins = $2::text::xid8 WHERE epoch = $1 AND begins < $2::text::xid8`
		rowsSQL  = `
			DELETE FROM user_change WHERE xid < $2::text::xid8 AND EXISTS (SELECT FROM stream_epoch WHERE epoch = $1)`
	)
	at, ok := parsePosition(before)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	batch := &pgx.Batch{} // one transaction: no position is known whose rows are gone
	batch.Queue(epochSQL, at.epoch, decimal(at.xmin))
	batch.Queue(rowsSQL, at.epoch, decimal(at.xmin))
	if err := c.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("%w: %w", streaming.ErrUnavailable, err)
	}
	return nil
}

// position is a streaming.Position in its parts.
type position struct {
	epoch      uuid.UUID
	begins     int64
	snapshot   string
	xmin, xmax uint64
}

func (p position) text() streaming.Position {
	return streaming.Position(p.epoch.String() + "." + p.snapshot)
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

// maxPosition bounds what a client may give: a snapshot names the transactions that ran at its moment.
const maxPosition = 8192

// parsePosition reads what a client gave back, and takes only what PostgreSQL takes for a snapshot.
func parsePosition(text streaming.Position) (position, bool) {
	epoch, snapshot, _ := strings.Cut(string(text), ".")
	id, err := uuid.Parse(epoch)
	if err != nil || id.String() != epoch || len(text) > maxPosition {
		return position{}, false
	}
	parts := strings.Split(snapshot, ":")
	if len(parts) != 3 {
		return position{}, false
	}
	p := position{epoch: id, snapshot: snapshot}
	var minOK, maxOK bool
	p.xmin, minOK = parseXID(parts[0])
	p.xmax, maxOK = parseXID(parts[1])
	if !minOK || !maxOK || p.xmin > p.xmax {
		return position{}, false
	}
	if parts[2] == "" {
		return p, true
	}
	last := p.xmin
	for i, one := range strings.Split(parts[2], ",") {
		xid, ok := parseXID(one)
		if !ok || xid < last || i > 0 && xid == last || xid >= p.xmax {
			return position{}, false
		}
		last = xid
	}
	return p, true
}

func parseXID(text string) (uint64, bool) {
	xid, err := strconv.ParseUint(text, 10, 63)
	return xid, err == nil && xid > 0 && xid < math.MaxInt64 && decimal(xid) == text
}
