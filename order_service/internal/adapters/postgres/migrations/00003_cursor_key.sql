-- +goose Up

-- What seals the cursors of lists, so that nobody else can make one. All replicas share it.
CREATE TABLE cursor_key (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    key    bytea   NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);
INSERT INTO cursor_key DEFAULT VALUES;

-- +goose Down
DROP TABLE cursor_key;
