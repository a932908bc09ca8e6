package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ordertrack/order_service/internal/application/once"
	"ordertrack/order_service/internal/application/placing"
)

// claimConstraint is violated when orders were stored under a key before.
const claimConstraint = "idempotency_key_pkey"

// forgetAtOnce bounds how many keys one statement deletes, so that none takes long.
const forgetAtOnce = 1000

// claim adds the claims of a batch to its transaction. It does nothing for a batch without any.
func (l *Log) claim(pipeline *pgx.Batch, batch placing.Batch) {
	const sql = `
		INSERT INTO idempotency_key (key, request, first_id, size, created_at)
		SELECT claim.key, claim.request, w.first_id + claim.first, claim.size, w.touched_at
		FROM order_writer w, unnest($2::bytea[], $3::bytea[], $4::integer[], $5::integer[]) AS claim (key, request, first, size)
		WHERE w.id = $1`
	size := len(batch.Claims)
	if size == 0 {
		return
	}
	keys, requests := make([][]byte, size), make([][]byte, size)
	firsts, sizes := make([]int, size), make([]int, size)
	for i, c := range batch.Claims {
		keys[i], requests[i], firsts[i], sizes[i] = c.Key[:], c.Request[:], c.First, c.Size
	}
	pipeline.Queue(sql, l.writer, keys, requests, firsts, sizes)
}

// Keys looks up what was stored under a key. It implements once.Keys.
type Keys struct {
	pool *pgxpool.Pool
}

// NewKeys makes the clients' side of the keys.
func NewKeys(pool *pgxpool.Pool) *Keys { return &Keys{pool: pool} }

// Find looks a key up.
func (k *Keys) Find(ctx context.Context, key [32]byte) (once.Kept, error) {
	const sql = `
		SELECT k.request, k.size, o.id, ` + placeColumns + `
		FROM idempotency_key k JOIN orders o ON o.id = k.first_id` + placeJoins + `
		WHERE k.key = $1`
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	var (
		kept    once.Kept
		request []byte
	)
	err := k.pool.QueryRow(ctx, sql, key[:]).Scan(&request, &kept.Size, &kept.FirstID,
		&kept.Place.LogID, &kept.Place.Lane, &kept.Place.Sequence)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return once.Kept{}, once.ErrUnknownKey
	case err != nil:
		return once.Kept{}, fmt.Errorf("look up a key: %w", unavailable(err))
	}
	copy(kept.Request[:], request)
	return kept, nil
}

// Forget deletes keys that are older than a day; another replica that does the same is passed over.
func (k *Keys) Forget(ctx context.Context) (more bool, err error) {
	const sql = `
		DELETE FROM idempotency_key WHERE key IN (
			SELECT key FROM idempotency_key WHERE created_at < now() - interval '24 hours'
			ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED
		)`
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	done, err := k.pool.Exec(ctx, sql, forgetAtOnce)
	if err != nil {
		return false, fmt.Errorf("forget old keys: %w", err)
	}
	return done.RowsAffected() == forgetAtOnce, nil
}
