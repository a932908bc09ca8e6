-- +goose Up

-- Which users each transaction has changed, for those who follow the counters live. The server numbers the transactions;
-- a snapshot says which of them are visible, so a reader that keeps its snapshot misses none and reads none twice,
-- whatever order they commit in. Rows are kept for a minute.
--
-- Unlogged: it costs no WAL, and is empty after a crash of the server. stream_epoch is empty then, too, and so it is
-- noticed. Nothing depends on either but the live stream.
CREATE UNLOGGED TABLE user_change (
    xid xid8     NOT NULL DEFAULT pg_current_xact_id(),
    ids bigint[] NOT NULL
);
CREATE INDEX user_change_xid ON user_change (xid);

-- One row: from which transaction on the changes are complete, and a name for that, which is never given again.
CREATE UNLOGGED TABLE stream_epoch (
    one    boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (one),
    epoch  uuid    NOT NULL DEFAULT gen_random_uuid(),
    begins xid8    NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot())
);

-- +goose Down
DROP TABLE user_change, stream_epoch;
