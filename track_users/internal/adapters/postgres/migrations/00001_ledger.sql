-- +goose Up

-- One row a user. The free room in each page keeps the updates of counter out of the indexes (HOT).
CREATE TABLE track_user (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text        COLLATE "C" NOT NULL UNIQUE CHECK (name <> ''),
    counter         bigint      NOT NULL CHECK (counter > 0),
    -- How many of the counter's events were foreign, that is, had no order: counter = orders - parked + foreign_counter.
    foreign_counter bigint      NOT NULL DEFAULT 0 CHECK (foreign_counter BETWEEN 0 AND counter),
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70);

-- How far each lane of each log is applied: every sequence up to this one, and none above it.
CREATE TABLE lane_mark (
    source  text     COLLATE "C" NOT NULL,
    lane    smallint NOT NULL CHECK (lane BETWEEN 0 AND 63),
    applied bigint   NOT NULL DEFAULT 0 CHECK (applied >= 0),
    PRIMARY KEY (source, lane)
) WITH (fillfactor = 30);

-- How far the events without a place in a log are applied, by the only name they have: their offset in a partition of a
-- topic, where a topic that is created again has another id.
CREATE TABLE partition_mark (
    topic_id       uuid    NOT NULL,
    partition      integer NOT NULL CHECK (partition >= 0),
    applied_offset bigint  NOT NULL DEFAULT -1 CHECK (applied_offset >= -1),
    PRIMARY KEY (topic_id, partition)
) WITH (fillfactor = 30);

-- What can never be applied, to the byte. source, lane and sequence are null for what has no place in a log.
CREATE TABLE dead_letter (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic        text        NOT NULL,
    topic_id     uuid        NOT NULL,
    partition    integer     NOT NULL,
    kafka_offset bigint      NOT NULL,
    source       text        COLLATE "C",
    lane         smallint,
    sequence     bigint,
    name         text,
    reason       text        NOT NULL,
    detail       text        NOT NULL,
    key          bytea,
    value        bytea,
    headers      jsonb       NOT NULL, -- a list of {"key": text, "value": base64 or null}, in the record's order
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (topic_id, partition, kafka_offset),
    UNIQUE (source, lane, sequence),
    CHECK ((source IS NULL) = (lane IS NULL) AND (source IS NULL) = (sequence IS NULL))
);

-- +goose Down
DROP TABLE dead_letter, partition_mark, lane_mark, track_user;
