package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// CreateDatabase makes a database, empty, unless there is one of that name.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	return s.administer(ctx, func(conn *pgx.Conn) error {
		const exists = `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`
		var found bool
		if err := conn.QueryRow(ctx, exists, name).Scan(&found); err != nil || found {
			return err
		}
		_, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
		return err
	}, "create database "+name)
}

// DropDatabase removes a database and everything in it, and ends the sessions that use it. None is no error.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	return s.administer(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
		return err
	}, "drop database "+name)
}

func (s *Server) administer(ctx context.Context, do func(*pgx.Conn) error, what string) error {
	conn, err := pgx.Connect(ctx, s.URL(superuser))
	if err != nil {
		return fmt.Errorf("%s: connect: %w", what, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if err := do(conn); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
