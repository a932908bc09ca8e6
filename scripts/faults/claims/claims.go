// Package claims holds what the clients of a fault test were told against the orders table: what was acknowledged is
// there, once, and what was refused is not.
package claims

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/faults/workload"
)

const (
	maxListed    = 20 // differences; all are counted
	closeTimeout = 5 * time.Second
)

// Report is what came of the orders that the clients sent.
type Report struct {
	Sent         int
	Acknowledged int
	Unknown      int
	Refused      int
	Found        int // unknown ones that exist
	Lost         int // acknowledged, but not in the table
	Forgotten    int // likewise, but undone on purpose by the fault
	Doubled      int // rows beyond one for an order

	Differences      []string // the first ones
	DifferencesCount int
}

func (r *Report) differf(format string, args ...any) {
	r.DifferencesCount++
	if len(r.Differences) < maxListed {
		r.Differences = append(r.Differences, fmt.Sprintf(format, args...))
	}
}

// Hold reads the orders table and holds it against the clients' ledger. An error means that it could not.
func Hold(ctx context.Context, ordersURL string, ledger *workload.Ledger) (report *Report, err error) {
	const sql = `SELECT id, name, note FROM orders ORDER BY id`
	conn, err := pgx.Connect(ctx, ordersURL)
	if err != nil {
		return nil, fmt.Errorf("hold the clients' claims against the orders: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		err = errors.Join(err, conn.Close(ctx))
	}()
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("read the orders: %w", err)
	}
	b := &book{ledger: ledger, seen: map[workload.Tag]int64{}}
	var r row
	if _, err := pgx.ForEachRow(rows, []any{&r.id, &r.name, &r.note}, func() error {
		b.enter(r)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read the orders: %w", err)
	}
	b.settle()
	return &b.report, nil
}

type row struct {
	id         int64
	name, note string
}

// book is the ledger with the rows entered that were found for its orders.
type book struct {
	ledger *workload.Ledger
	seen   map[workload.Tag]int64 // the id of the order's row
	report Report
}

// enter looks up who sent the order of a row.
func (b *book) enter(r row) {
	tag, ours := workload.ParseTag(r.note)
	record, sent := b.ledger.Find(tag)
	if !ours || !sent {
		b.report.differf("order %d (name %q, note %q): nobody sent it", r.id, r.name, r.note)
		return
	}
	if before, twice := b.seen[tag]; twice {
		b.report.Doubled++
		b.report.differf("order %d is stored again as %d, for the client's order %s", before, r.id, tag)
		return
	}
	b.seen[tag] = r.id
	if record.Name != r.name {
		b.report.differf("order %d is for %q, but the client's order %s was for %q", r.id, r.name, tag, record.Name)
	}
	switch record.Outcome {
	case workload.Refused:
		b.report.differf("order %d exists, but the client's order %s was refused", r.id, tag)
	case workload.Unknown:
		b.report.Found++
	case workload.Acknowledged:
		if record.ID != r.id {
			b.report.differf("the client's order %s is %d, but it was told %d", tag, r.id, record.ID)
		}
		if record.Conflict != "" {
			b.report.differf("the client's order %s got two answers to one key: %s", tag, record.Conflict)
		}
	}
}

// settle looks for what was acknowledged and is not there.
func (b *book) settle() {
	for tag, record := range b.ledger.All {
		b.report.Sent++
		switch record.Outcome {
		case workload.Unknown:
			b.report.Unknown++
		case workload.Refused:
			b.report.Refused++
		case workload.Acknowledged:
			b.report.Acknowledged++
			_, found := b.seen[tag]
			switch {
			case found:
			case b.ledger.Forgiven(tag, record):
				b.report.Forgotten++
			default:
				b.report.Lost++
				b.report.differf("order %d of %q was acknowledged to the client as its order %s, but does not exist", record.ID, record.Name, tag)
			}
		}
	}
}
