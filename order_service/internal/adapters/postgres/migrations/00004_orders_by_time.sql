-- +goose NO TRANSACTION
-- +goose Up

-- Lists are read newest first, of all orders or of one name. The indexes are built while orders go on; what is left of a
-- build that was cut off is dropped first. Names are compared as bytes, which is cheap. RESET goes back to what the connections of the service have.
SET lock_timeout = '10min';
DROP INDEX CONCURRENTLY IF EXISTS orders_by_time;
CREATE INDEX CONCURRENTLY orders_by_time ON orders (created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS orders_by_name;
CREATE INDEX CONCURRENTLY orders_by_name ON orders (name COLLATE "C", created_at, id);
RESET lock_timeout;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS orders_by_name;
DROP INDEX CONCURRENTLY IF EXISTS orders_by_time;
