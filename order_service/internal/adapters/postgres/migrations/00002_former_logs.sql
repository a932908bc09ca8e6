-- +goose Up

-- Where the log lives: the database cluster's system identifier and timeline, the database and the table. What is put
-- back from a backup lives elsewhere, and must not go on under the same id: it would give other orders the places that
-- the receiver has seen already. Empty means not known yet.
ALTER TABLE order_log ADD COLUMN home text NOT NULL DEFAULT '';

-- Where the log begins in each lane. The lane's sequences run on over all logs, and the place in the log is sequence - base.
ALTER TABLE order_lane ADD COLUMN base bigint NOT NULL DEFAULT 0, ADD CHECK (base BETWEEN 0 AND head);

-- The logs that were before. Their orders are published under their ids.
CREATE TABLE former_log (
    id         uuid        PRIMARY KEY,
    last_id    bigint      NOT NULL CHECK (last_id >= 0),
    created_at timestamptz NOT NULL,
    ended_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason     text        NOT NULL
);

-- Where they have orders: those of the lane with base < sequence <= head.
CREATE TABLE former_lane (
    log_id uuid     NOT NULL REFERENCES former_log,
    lane   smallint NOT NULL CHECK (lane BETWEEN 0 AND 63),
    base   bigint   NOT NULL,
    head   bigint   NOT NULL,
    PRIMARY KEY (lane, base),
    CHECK (0 <= base AND base < head)
);

-- +goose Down
DROP TABLE former_lane, former_log;
ALTER TABLE order_lane DROP COLUMN base;
ALTER TABLE order_log DROP COLUMN home;
