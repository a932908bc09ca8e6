package audit

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// ordered is one name's orders. Those that are due are applied, by their lane's mark, and not parked: they are what the
// counter should say, also while other orders are on their way.
type ordered struct {
	name   string
	orders int64
	due    int64
}

// counted is one row of track_user.
type counted struct {
	name    string
	counter int64
	foreign int64 // of these, events that no order stands behind
}

// compare reads both sides in the order of their names' bytes and holds them against each other, name by name.
func (r *Report) compare(ctx context.Context, orders, track *snapshot, got *received) error {
	const orderedSQL = `
		SELECT name COLLATE "C" AS name, count(*),
			count(*) FILTER (WHERE due.lane IS NOT NULL AND parked.lane IS NULL)
		FROM orders
		LEFT JOIN unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS due (lane, after, upto)
			ON due.lane = orders.lane AND orders.sequence > due.after AND orders.sequence <= due.upto
		LEFT JOIN unnest($4::smallint[], $5::bigint[]) AS parked (lane, sequence)
			ON parked.lane = orders.lane AND parked.sequence = orders.sequence
		GROUP BY 1 ORDER BY 1`
	const countedSQL = `SELECT name COLLATE "C" AS name, counter, foreign_counter FROM track_user ORDER BY 1`

	left, err := stream(ctx, orders, "read the orders", func(rows pgx.Rows, o *ordered) error {
		return rows.Scan(&o.name, &o.orders, &o.due)
	}, orderedSQL, got.due.lanes, got.due.from, got.due.to, got.parked.lanes, got.parked.sequences)
	if err != nil {
		return err
	}
	defer left.close()
	right, err := stream(ctx, track, "read the counters", func(rows pgx.Rows, c *counted) error {
		return rows.Scan(&c.name, &c.counter, &c.foreign)
	}, countedSQL)
	if err != nil {
		return err
	}
	defer right.close()

	r.Forgotten, r.Elsewhere = got.forgotten, got.elsewhere
	for left.more || right.more {
		if err := r.compareNext(left, right); err != nil {
			return err
		}
	}
	r.judgeNameless()
	return nil
}

// compareNext judges the lowest of the two sides' names and moves past it.
func (r *Report) compareNext(left *cursor[ordered], right *cursor[counted]) error {
	who, has := ordered{}, counted{}
	takeLeft := left.more && (!right.more || left.row.name <= right.row.name)
	takeRight := right.more && (!left.more || right.row.name <= left.row.name)
	if takeLeft {
		who = left.row
		if err := left.next(); err != nil {
			return err
		}
	} else {
		who.name = right.row.name
	}
	if takeRight {
		has = right.row
		r.Counters++
		if err := right.next(); err != nil {
			return err
		}
	}
	r.judge(who, has)
	return nil
}

func (r *Report) judge(who ordered, has counted) {
	if who.orders > 0 {
		r.Users++
	}
	r.Foreign += has.foreign
	want := who.due + has.foreign
	if has.counter == want {
		if want > 0 {
			r.Exact++
		}
		return
	}
	r.Missing += max(0, want-has.counter)
	r.Surplus += max(0, has.counter-want)
	if r.nameless() > 0 && has.counter > want {
		return // judgeNameless will see
	}
	foreign := ""
	if has.foreign > 0 {
		foreign = plural(has.foreign, " and %d foreign event")
	}
	r.differf(quote(who.name), "the counter is %d, want %d (%s%s, %d of them due)", has.counter, want,
		plural(who.orders, "%d order"), foreign, want)
}

// nameless are counted events whose orders are not here: nobody can tell their names.
func (r *Report) nameless() int64 { return r.Forgotten + r.Elsewhere }

// judgeNameless holds in total what could not be held by name: the counters have as much too much as there are nameless
// events.
func (r *Report) judgeNameless() {
	switch nameless := r.nameless(); {
	case nameless == 0:
	case r.Surplus == nameless:
		r.Surplus = 0
	default:
		r.differf("counters", "they have %d too much, where by the marks %d events without an order here are counted", r.Surplus, nameless)
	}
}
