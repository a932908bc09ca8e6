-- +goose Up

-- Names that changed are kept for a minute: to compress them costs the server more than to write them as they are.
ALTER TABLE user_change ALTER COLUMN names SET STORAGE EXTERNAL;

-- +goose Down
ALTER TABLE user_change ALTER COLUMN names SET STORAGE EXTENDED;
