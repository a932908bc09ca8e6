-- +goose Up

-- Under which keys clients have ordered. A row is written in the transaction of its orders, which are size many from
-- first_id on, and is deleted after a day. Keys and requests are SHA-256 hashes.
CREATE TABLE idempotency_key (
    key        bytea       NOT NULL CONSTRAINT idempotency_key_pkey PRIMARY KEY,
    request    bytea       NOT NULL,
    first_id   bigint      NOT NULL,
    size       integer     NOT NULL CHECK (size > 0),
    created_at timestamptz NOT NULL
);
CREATE INDEX idempotency_key_by_time ON idempotency_key (created_at);

-- +goose Down
DROP TABLE idempotency_key;
