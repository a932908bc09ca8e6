package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// insertScript is the naive service's INSERT, in pgbench's language.
const insertScript = `\set user random(0, 9999)
INSERT INTO orders (name, note) VALUES ('user ' || :user, 'a note of usual length') RETURNING id;
`

const naiveTable = `CREATE TABLE orders (
	id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name       text        NOT NULL,
	note       text        NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
)`

var pgbenchRate = regexp.MustCompile(`tps = ([0-9.]+) \(without initial connection time\)`)

// pgbench is PostgreSQL's own client, with prepared statements: what the database can do for one order a transaction,
// without a service in between.
func (b *Bench) pgbench() Variant {
	var tool string
	return Variant{
		Name: PGBench,
		Prepare: func(context.Context) (err error) {
			tool, err = b.rig.Tool("pgbench")
			return err
		},
		Measure: func(ctx context.Context) (figures Figures, err error) {
			database, drop, err := b.rig.Database(ctx)
			if err != nil {
				return nil, err
			}
			defer func() { err = errors.Join(err, drop(context.WithoutCancel(ctx))) }()
			if err := b.rig.Checkpoint(ctx); err != nil {
				return nil, err
			}
			if err := b.rig.Query(ctx, database, func(conn *pgx.Conn) error {
				_, err := conn.Exec(ctx, naiveTable)
				return err
			}); err != nil {
				return nil, err
			}
			return b.runPGBench(ctx, tool, database)
		},
	}
}

func (b *Bench) runPGBench(ctx context.Context, tool, database string) (figures Figures, err error) {
	dir, err := os.MkdirTemp("", "ordertrack-pgbench-")
	if err != nil {
		return nil, fmt.Errorf("pgbench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	script := filepath.Join(dir, "insert.sql")
	if err := os.WriteFile(script, []byte(insertScript), 0o600); err != nil {
		return nil, fmt.Errorf("pgbench: %w", err)
	}
	seconds := max(1, int(b.plan.Lasts.Seconds()))
	clients := strconv.Itoa(b.plan.Clients)
	output, err := exec.CommandContext(ctx, tool, "--no-vacuum", "--protocol=prepared", "--client="+clients, "--jobs=2",
		"--time="+strconv.Itoa(seconds), "--file="+script, database).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("pgbench: %w: %s", err, output)
	}
	match := pgbenchRate.FindSubmatch(output)
	if match == nil {
		return nil, fmt.Errorf("pgbench printed no rate: %s", output)
	}
	rate, err := strconv.ParseFloat(string(match[1]), 64)
	if err != nil {
		return nil, fmt.Errorf("pgbench: %w", err)
	}
	return Figures{PerSecond: rate}, nil
}
