-- +goose Up

-- How far each partition is read: everything below next_offset is applied, or waits for an event that lacks. The sender
-- compares it with where its events lie, to know what is lost.
CREATE TABLE partition_position (
    topic       text        NOT NULL,
    topic_id    uuid        NOT NULL,
    partition   integer     NOT NULL CHECK (partition >= 0),
    next_offset bigint      NOT NULL CHECK (next_offset >= 0),
    noted_at    timestamptz NOT NULL,
    PRIMARY KEY (topic_id, partition)
) WITH (fillfactor = 30);

-- +goose Down
DROP TABLE partition_position;
