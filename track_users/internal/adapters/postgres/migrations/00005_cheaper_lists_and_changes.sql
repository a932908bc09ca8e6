-- +goose Up

-- magnitude is set by the statements that change counter, and not generated any more: that costs the server less. It is
-- the whole part of the counter's logarithm to base 4, and 0 below 64, so it changes still more rarely.
ALTER TABLE track_user ALTER COLUMN magnitude DROP EXPRESSION;
ALTER TABLE track_user ALTER COLUMN magnitude SET DEFAULT 0;
UPDATE track_user SET magnitude = CASE WHEN counter < 64 THEN 0
    ELSE floor(ln(counter::float8 + 0.5) / ln(4::float8))::smallint END
WHERE magnitude > 0;

-- Changes name the users: ids would have to be asked for with each update. What was written down is dropped, and with
-- the epoch those who follow learn that they missed something.
DELETE FROM user_change;
DELETE FROM stream_epoch;
ALTER TABLE user_change DROP COLUMN ids, ADD COLUMN names text[] NOT NULL;

-- +goose Down
DELETE FROM user_change;
DELETE FROM stream_epoch;
ALTER TABLE user_change DROP COLUMN names, ADD COLUMN ids bigint[] NOT NULL;
ALTER TABLE track_user DROP COLUMN magnitude;
ALTER TABLE track_user ADD COLUMN magnitude smallint NOT NULL
    GENERATED ALWAYS AS (CASE WHEN counter < 16 THEN 0 ELSE floor(ln(counter::float8 + 0.5) / ln(2::float8))::smallint END) STORED;
CREATE INDEX track_user_magnitude ON track_user (magnitude) WHERE magnitude > 0;
