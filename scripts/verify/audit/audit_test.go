package audit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/verify/audit"
	"ordertrack/scripts/verify/stage"
)

// setup stages six orders of three names, all of them counted: in lane 1 Ann's 1 to 3 and Cid's 4, in lane 2 Bob's 1 and 2.
func setup(t *testing.T) *stage.Stage {
	t.Helper()
	s := stage.New(t)
	for _, o := range []struct {
		name    string
		lane, n int
	}{{"Ann", 1, 3}, {"Bob", 2, 2}, {"Cid", 1, 1}} {
		require.NoError(t, s.Order(t.Context(), o.name, o.lane, o.n))
		require.NoError(t, s.Count(t.Context(), o.name, o.lane, o.n))
	}
	exec(t, s.Orders.Exec, `UPDATE relay_cursor SET published = 6`)
	return s
}

func exec[T any](t *testing.T, do func(context.Context, string, ...any) (T, error), sql string) {
	t.Helper()
	if sql == "" {
		return
	}
	_, err := do(t.Context(), sql)
	require.NoError(t, err)
}

// park is SQL that parks Ann's second order.
const park = `INSERT INTO dead_letter (topic, topic_id, partition, kafka_offset, source, lane, sequence, reason, detail, headers)
	SELECT 'user_events', gen_random_uuid(), 0, 0, source, lane, %d, 'refused', '', '[]' FROM lane_mark WHERE lane = 1;`

const newLog = "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11"

const (
	// renew is SQL that begins a new log.
	renew = `INSERT INTO former_log (id, last_id, created_at, reason) SELECT id, last_id, created_at, 'a test' FROM order_log;
		INSERT INTO former_lane SELECT id, lane, base, head FROM order_log, order_lane WHERE base < head;
		UPDATE order_lane SET base = head; UPDATE order_log SET id = '` + newLog + `';`
	// more is SQL that places two more orders of Bob.
	more = `INSERT INTO orders (id, name, created_at, lane, sequence) VALUES (7, 'Bob', now(), 2, 3), (8, 'Bob', now(), 2, 4);
		UPDATE order_lane SET head = 4 WHERE lane = 2; UPDATE order_log SET last_id = 8; UPDATE relay_cursor SET published = 8;`
)

func TestExact(t *testing.T) {
	t.Parallel()
	s := setup(t)
	report, err := audit.Run(t.Context(), s.Databases)
	require.NoError(t, err)
	require.Equal(t, "verified: 6 orders by 3 users, 3 counters exact, 64 lanes dense, lag 0", report.String())
	require.Equal(t, audit.Exact, report.Verdict())
	require.NoError(t, audit.AwaitRest(t.Context(), s.Databases))
}

func TestEmptyIsExact(t *testing.T) {
	t.Parallel()
	report, err := audit.Run(t.Context(), stage.New(t).Databases)
	require.NoError(t, err)
	require.Equal(t, "verified: 0 orders by 0 users, 0 counters exact, 64 lanes dense, lag 0", report.String())
}

func TestFindings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		orders, track string // SQL that changes the exact state
		verdict       audit.Verdict
		want          []string // all lines but the last
		missing       int64
		surplus       int64
	}{
		"a counter is missing": {
			track: `DELETE FROM track_user WHERE name = 'Bob'`, verdict: audit.Different, missing: 2,
			want: []string{`"Bob": the counter is 0, want 2 (2 orders, 2 of them due)`},
		},
		"a counter of nobody": {
			track: `INSERT INTO track_user (name, counter) VALUES ('Bo', 1)`, verdict: audit.Different, surplus: 1,
			want: []string{`"Bo": the counter is 1, want 0 (0 orders, 0 of them due)`},
		},
		"one too few": {
			track: `UPDATE track_user SET counter = 2 WHERE name = 'Ann'`, verdict: audit.Different, missing: 1,
			want: []string{`"Ann": the counter is 2, want 3 (3 orders, 3 of them due)`},
		},
		"one too many": {
			track: `UPDATE track_user SET counter = 2 WHERE name = 'Cid'`, verdict: audit.Different, surplus: 1,
			want: []string{`"Cid": the counter is 2, want 1 (1 order, 1 of them due)`},
		},
		"a gap in a lane": {
			orders: `UPDATE orders SET sequence = 9 WHERE lane = 1 AND sequence = 2`, verdict: audit.Different, surplus: 1,
			want: []string{
				`lane 1: the sequences are not 1 to 4 without a gap: there are 4, 4 of them different, from 1 to 9`,
				`"Ann": the counter is 3, want 2 (3 orders, 2 of them due)`,
			},
		},
		"a lost order": {
			orders: `DELETE FROM orders WHERE lane = 2 AND sequence = 2`, verdict: audit.Different, surplus: 1,
			want: []string{
				`orders: the ids are not 1 to 6 without a gap: there are 5, 5 of them different, from 1 to 6`,
				`lane 2: the sequences are not 1 to 2 without a gap: there are 1, 1 of them different, from 1 to 1`,
				`"Bob": the counter is 2, want 1 (1 order, 1 of them due)`,
			},
		},
		"the first order is lost": {
			orders: `DELETE FROM orders WHERE id = 1; UPDATE order_log SET last_id = 5; UPDATE orders SET id = id - 1 WHERE id < 6`,
			track:  `UPDATE track_user SET counter = 2 WHERE name = 'Ann'`, verdict: audit.Different,
			want: []string{
				`orders: the ids are not 1 to 5 without a gap: there are 5, 5 of them different, from 1 to 6`,
				`relay: its cursor is at order 6, but the last one is 5`,
				`lane 1: the sequences are not 1 to 4 without a gap: there are 3, 3 of them different, from 2 to 4`,
			},
		},
		"a head too high": {
			orders: `UPDATE order_lane SET head = 5 WHERE lane = 1`, verdict: audit.Different,
			want: []string{
				`lane 1: the sequences are not 1 to 5 without a gap: there are 4, 4 of them different, from 1 to 4`,
				`not at rest: 1 event on the way, 0 of them not known to be published`,
			},
		},
		"a lane without a head": {
			orders: `DELETE FROM order_lane WHERE lane = 7`, verdict: audit.Different,
			want: []string{`lane 7: it has no head`},
		},
		"more applied than ordered": {
			track: `UPDATE lane_mark SET applied = 7 WHERE lane = 2`, verdict: audit.Different,
			want: []string{`lane 2: 7 events are applied, but only 2 orders are in it`},
		},
		"a gap in the ids": {
			orders: `UPDATE orders SET id = 10 WHERE id = 6`, verdict: audit.Different,
			want: []string{`orders: the ids are not 1 to 6 without a gap: there are 6, 6 of them different, from 1 to 10`},
		},
		"a cursor past the end": {
			orders: `UPDATE relay_cursor SET published = 7`, verdict: audit.Different,
			want: []string{`relay: its cursor is at order 7, but the last one is 6`},
		},
		"parked instead of counted": {
			track: fmt.Sprintf(park, 2) + `UPDATE track_user SET counter = 2 WHERE name = 'Ann'`, verdict: audit.Exact,
		},
		"parked and counted": {
			track: fmt.Sprintf(park, 2), verdict: audit.Different, surplus: 1,
			want: []string{`"Ann": the counter is 3, want 2 (3 orders, 2 of them due)`},
		},
		"parked before its turn": {
			track: fmt.Sprintf(park, 5), verdict: audit.Different,
			want: []string{`lane 1: event 5 is parked, but by the mark it has not come yet`},
		},
		"a foreign event": {
			track: `UPDATE track_user SET counter = 4, foreign_counter = 1 WHERE name = 'Ann'`, verdict: audit.Exact,
		},
		"a foreign event of somebody without orders": {
			track: `INSERT INTO track_user (name, counter, foreign_counter) VALUES ('Eve', 2, 2)`, verdict: audit.Exact,
		},
		"a foreign event that hides a lost one": {
			track: `UPDATE track_user SET foreign_counter = 1 WHERE name = 'Ann'`, verdict: audit.Different, missing: 1,
			want: []string{`"Ann": the counter is 3, want 4 (3 orders and 1 foreign event, 4 of them due)`},
		},
		"an event on its way": {
			track: `UPDATE lane_mark SET applied = 3 WHERE lane = 1; DELETE FROM track_user WHERE name = 'Cid'`, verdict: audit.Unknown,
			want: []string{`not at rest: 1 event on the way, 0 of them not known to be published`},
		},
		"events that are not published yet": {
			orders: `UPDATE relay_cursor SET published = 4`, verdict: audit.Unknown,
			track: `DELETE FROM lane_mark WHERE lane = 1; DELETE FROM track_user WHERE name <> 'Bob'`,
			want:  []string{`not at rest: 4 events on the way, 2 of them not known to be published`},
		},
		"a difference while events are on their way": {
			track: `UPDATE lane_mark SET applied = 3 WHERE lane = 1`, verdict: audit.Different, surplus: 1,
			want: []string{
				`"Cid": the counter is 1, want 0 (1 order, 0 of them due)`,
				`not at rest: 1 event on the way, 0 of them not known to be published`,
			},
		},
		"a log before the one that is written": {
			orders: renew + `UPDATE relay_cursor SET published = 6`, verdict: audit.Exact,
		},
		"orders in both logs": {
			orders: renew + more, verdict: audit.Exact,
			track: `INSERT INTO lane_mark VALUES ('/order_service/logs/` + newLog + `', 2, 2); UPDATE track_user SET counter = 4 WHERE name = 'Bob'`,
		},
		"an order of each log on its way": {
			orders: renew + more, verdict: audit.Unknown,
			track: `UPDATE lane_mark SET applied = 1 WHERE lane = 2;
				INSERT INTO lane_mark VALUES ('/order_service/logs/` + newLog + `', 2, 1)`,
			want: []string{`not at rest: 2 events on the way, 0 of them not known to be published`},
		},
		"an event of the new log lost under the mark": {
			orders: renew + more, verdict: audit.Different, missing: 1,
			track: `INSERT INTO lane_mark VALUES ('/order_service/logs/` + newLog + `', 2, 2); UPDATE track_user SET counter = 3 WHERE name = 'Bob'`,
			want:  []string{`"Bob": the counter is 3, want 4 (4 orders, 4 of them due)`},
		},
		"parked in the new log": {
			orders: renew + more, verdict: audit.Exact,
			track: `INSERT INTO lane_mark VALUES ('/order_service/logs/` + newLog + `', 2, 2); UPDATE track_user SET counter = 3 WHERE name = 'Bob';
				INSERT INTO dead_letter (topic, topic_id, partition, kafka_offset, source, lane, sequence, reason, detail, headers)
				VALUES ('user_events', gen_random_uuid(), 0, 0, '/order_service/logs/` + newLog + `', 2, 1, 'refused', '', '[]')`,
		},
		"logs that do not meet": {
			orders: renew + `UPDATE order_lane SET base = 1 WHERE lane = 2`, verdict: audit.Different,
			want: []string{
				`lane 2: log ` + newLog + ` begins behind order 1 of it, where the one before ended at 2`,
				`not at rest: 1 event on the way, 0 of them not known to be published`,
			},
		},
		"counted and forgotten": {
			orders: renew, verdict: audit.Exact,
			track: `UPDATE lane_mark SET applied = 4 WHERE lane = 2; INSERT INTO track_user (name, counter) VALUES ('Gone', 2)`,
		},
		"counted, and more than what is forgotten": {
			orders: renew, verdict: audit.Different, surplus: 2,
			track: `UPDATE lane_mark SET applied = 3 WHERE lane = 2; INSERT INTO track_user (name, counter) VALUES ('Gone', 2)`,
			want:  []string{`counters: they have 2 too much, where by the marks 1 events without an order here are counted`},
		},
		"a log of another database": {
			track: `INSERT INTO lane_mark VALUES ('/elsewhere', 2, 3); INSERT INTO track_user (name, counter) VALUES ('Eve', 2);
				INSERT INTO dead_letter (topic, topic_id, partition, kafka_offset, source, lane, sequence, reason, detail, headers)
				VALUES ('user_events', gen_random_uuid(), 0, 0, '/elsewhere', 2, 1, 'refused', '', '[]')`,
			verdict: audit.Exact,
		},
		"a log of another database that hides a lost event": {
			track:   `INSERT INTO lane_mark VALUES ('/elsewhere', 2, 3); UPDATE track_user SET counter = counter + 2 WHERE name = 'Bob'`,
			verdict: audit.Different, surplus: 2,
			want: []string{`counters: they have 2 too much, where by the marks 3 events without an order here are counted`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			exec(t, s.Orders.Exec, c.orders)
			exec(t, s.Track.Exec, c.track)
			report, err := audit.Run(t.Context(), s.Databases)
			require.NoError(t, err)
			lines := strings.Split(report.String(), "\n")
			require.Equal(t, append([]string{}, c.want...), lines[:len(lines)-1])
			require.Equal(t, c.verdict, report.Verdict())
			require.Equal(t, c.missing, report.Missing)
			require.Equal(t, c.surplus, report.Surplus)
		})
	}
}

func TestWhatHasNoOrderHereIsSaid(t *testing.T) {
	t.Parallel()
	s := setup(t)
	exec(t, s.Orders.Exec, renew)
	exec(t, s.Track.Exec, `UPDATE lane_mark SET applied = 4 WHERE lane = 2; UPDATE track_user SET counter = 7 WHERE name = 'Bob';
		INSERT INTO lane_mark VALUES ('/elsewhere', 2, 3)`)
	report, err := audit.Run(t.Context(), s.Databases)
	require.NoError(t, err)
	require.Equal(t, "verified: 6 orders by 3 users, 2 counters exact, 64 lanes dense, lag 0, "+
		"2 counted and then forgotten by an orders database that was put back, "+
		"3 counted of logs that are not of this orders database", report.String())
}

func TestManyDifferencesAreCounted(t *testing.T) {
	t.Parallel()
	s := setup(t)
	exec(t, s.Track.Exec, `INSERT INTO track_user (name, counter) SELECT 'Nobody ' || i, 1 FROM generate_series(1, 70) i`)
	report, err := audit.Run(t.Context(), s.Databases)
	require.NoError(t, err)
	lines := strings.Split(report.String(), "\n")
	require.Len(t, lines, 52)
	require.Equal(t, "and 20 more", lines[50])
	require.Equal(t, "70 differences: 6 orders by 3 users, 3 counters exact, 64 lanes dense, lag 0", lines[51])
}

// TestBusySystem audits while orders come in and are counted. The snapshots are of different moments, but that is no
// difference.
func TestBusySystem(t *testing.T) {
	t.Parallel()
	s := stage.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	var busy errgroup.Group
	busy.Go(func() error {
		for i := 0; ctx.Err() == nil; i++ {
			name, lane := fmt.Sprintf("name %d", i%7), i%7
			if err := s.Order(context.WithoutCancel(ctx), name, lane, 3); err != nil {
				return err
			}
			if err := s.Count(context.WithoutCancel(ctx), name, lane, 3); err != nil {
				return err
			}
		}
		return nil
	})
	for seen := int64(0); seen < 600; {
		report, err := audit.Run(t.Context(), s.Databases)
		require.NoError(t, err)
		require.NotEqual(t, audit.Different, report.Verdict(), report)
		seen = report.Orders
	}
	cancel()
	require.NoError(t, busy.Wait())
}
