-- +goose Up

-- The log: one row. Its lock orders all appends, and is held until their commit, so that the order of ids is the order
-- of commits and no id is ever left out.
CREATE TABLE order_log (
    single     boolean     PRIMARY KEY DEFAULT true CHECK (single),
    id         uuid        NOT NULL DEFAULT gen_random_uuid(),
    last_id    bigint      NOT NULL DEFAULT 0 CHECK (last_id >= 0),
    created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);
INSERT INTO order_log DEFAULT VALUES;

-- The highest sequence number of each lane. Every append updates up to all of them in place: the free room in each page
-- keeps those updates out of the index (HOT).
CREATE TABLE order_lane (
    lane smallint PRIMARY KEY CHECK (lane BETWEEN 0 AND 63),
    head bigint   NOT NULL DEFAULT 0 CHECK (head >= 0)
) WITH (fillfactor = 10);
INSERT INTO order_lane (lane) SELECT generate_series(0, 63);

-- An order without a note has the empty note: there is one way to say nothing.
CREATE TABLE orders (
    id          bigint      PRIMARY KEY CHECK (id > 0),
    name        text        NOT NULL CHECK (name <> ''),
    note        text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    lane        smallint    NOT NULL CHECK (lane BETWEEN 0 AND 63),
    sequence    bigint      NOT NULL CHECK (sequence > 0),
    traceparent text        NOT NULL DEFAULT '',
    UNIQUE (lane, sequence)
);

-- The last batch of each process that appends, so that a batch whose outcome got lost can be asked for again.
CREATE TABLE order_writer (
    id         uuid        PRIMARY KEY,
    batch      bigint      NOT NULL,
    first_id   bigint      NOT NULL,
    size       integer     NOT NULL CHECK (size > 0),
    touched_at timestamptz NOT NULL
) WITH (fillfactor = 10);

-- The relay's cursor: one row, the highest id that is known to be published.
CREATE TABLE relay_cursor (
    single    boolean PRIMARY KEY DEFAULT true CHECK (single),
    published bigint  NOT NULL DEFAULT 0 CHECK (published >= 0)
) WITH (fillfactor = 10);
INSERT INTO relay_cursor DEFAULT VALUES;

-- +goose Down
DROP TABLE relay_cursor, order_writer, orders, order_lane, order_log;
