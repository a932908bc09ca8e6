-- Runs once, when the data volume is empty: each service gets a role of its own, and a database that only it may enter.
-- The passwords come from the container's environment.
\getenv order_service_password ORDER_SERVICE_PASSWORD
\getenv track_users_password TRACK_USERS_PASSWORD

CREATE ROLE order_service LOGIN PASSWORD :'order_service_password';
CREATE DATABASE orders OWNER order_service;
REVOKE CONNECT ON DATABASE orders FROM PUBLIC;

CREATE ROLE track_users LOGIN PASSWORD :'track_users_password';
CREATE DATABASE track_users OWNER track_users;
REVOKE CONNECT ON DATABASE track_users FROM PUBLIC;
