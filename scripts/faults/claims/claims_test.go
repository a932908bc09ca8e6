package claims_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/faults/claims"
	"ordertrack/scripts/faults/workload"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/scripts/verify/stage"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// setup makes a table in which client 0 has the orders 1 to 3 and client 1 has 4, and a ledger in which all is well:
// client 0 got no answer for its last one, and client 1's first one was refused.
func setup(t *testing.T) (*stage.Stage, [2][]workload.Record) {
	t.Helper()
	s := stage.New(t)
	for _, o := range []struct{ name, note string }{{"Ann", "0/0"}, {"Bob", "0/1"}, {"Ann", "0/2"}, {"Cid", "1/1"}} {
		require.NoError(t, s.OrderNoted(t.Context(), o.name, o.note, 1, 1))
	}
	return s, [2][]workload.Record{
		{
			{Name: "Ann", Outcome: workload.Acknowledged, ID: 1},
			{Name: "Bob", Outcome: workload.Acknowledged, ID: 2},
			{Name: "Ann", Outcome: workload.Unknown},
			{Name: "Eve", Outcome: workload.Unknown},
		},
		{{Name: "Cid", Outcome: workload.Refused}, {Name: "Cid", Outcome: workload.Acknowledged, ID: 4}},
	}
}

func TestAllIsWell(t *testing.T) {
	t.Parallel()
	s, records := setup(t)
	report, err := claims.Hold(t.Context(), s.Databases.Orders, workload.NewLedger(records[:]...))
	require.NoError(t, err)
	require.Equal(t, claims.Report{Sent: 6, Acknowledged: 3, Unknown: 2, Refused: 1, Found: 1}, *report)
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tamper func(records *[2][]workload.Record) (sql string)
		lost   int
		double int
		want   []string
	}{
		"an acknowledged order is gone": {
			tamper: func(*[2][]workload.Record) string { return `DELETE FROM orders WHERE id = 2` }, lost: 1,
			want: []string{`order 2 of "Bob" was acknowledged to the client as its order 0/1, but does not exist`},
		},
		"an order is there twice": {
			tamper: func(*[2][]workload.Record) string {
				return `INSERT INTO orders (id, name, note, created_at, lane, sequence) VALUES (5, 'Ann', '0/2', now(), 1, 5)`
			}, double: 1,
			want: []string{`order 3 is stored again as 5, for the client's order 0/2`},
		},
		"an order of nobody": {
			tamper: func(*[2][]workload.Record) string { return `UPDATE orders SET note = 'hello' WHERE id = 3` },
			want:   []string{`order 3 (name "Ann", note "hello"): nobody sent it`},
		},
		"an order that was not sent yet": {
			tamper: func(*[2][]workload.Record) string { return `UPDATE orders SET note = '1/2' WHERE id = 3` },
			want:   []string{`order 3 (name "Ann", note "1/2"): nobody sent it`},
		},
		"an order of somebody else": {
			tamper: func(*[2][]workload.Record) string { return `UPDATE orders SET name = 'Eve' WHERE id = 3` },
			want:   []string{`order 3 is for "Eve", but the client's order 0/2 was for "Ann"`},
		},
		"a refused order": {
			tamper: func(records *[2][]workload.Record) string {
				records[0][2].Outcome = workload.Refused
				return ``
			},
			want: []string{`order 3 exists, but the client's order 0/2 was refused`},
		},
		"two answers to one key": {
			tamper: func(records *[2][]workload.Record) string {
				records[0][1].Conflict = "this, and before that the other"
				return ``
			},
			want: []string{`the client's order 0/1 got two answers to one key: this, and before that the other`},
		},
		"another id than was told": {
			tamper: func(records *[2][]workload.Record) string {
				records[1][1].ID = 2
				return ``
			},
			want: []string{`the client's order 1/1 is 4, but it was told 2`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, records := setup(t)
			if sql := c.tamper(&records); sql != "" {
				_, err := s.Orders.Exec(t.Context(), sql)
				require.NoError(t, err)
			}
			report, err := claims.Hold(t.Context(), s.Databases.Orders, workload.NewLedger(records[:]...))
			require.NoError(t, err)
			require.Equal(t, c.want, report.Differences)
			require.Equal(t, len(c.want), report.DifferencesCount)
			require.Equal(t, c.lost, report.Lost)
			require.Equal(t, c.double, report.Doubled)
		})
	}
}

func TestNoDatabase(t *testing.T) {
	t.Parallel()
	_, err := claims.Hold(t.Context(), "postgres://postgres@127.0.0.1:1/orders", workload.NewLedger())
	require.ErrorContains(t, err, "hold the clients' claims against the orders")
}

func TestWhatWasForgivenIsNotLost(t *testing.T) {
	t.Parallel()
	s, records := setup(t)
	_, err := s.Orders.Exec(t.Context(), `DELETE FROM orders WHERE id > 2`)
	require.NoError(t, err)
	hold := func(last int64, cut ...int) *claims.Report {
		ledger := workload.NewLedger(records[:]...)
		ledger.Forgive(cut, last)
		report, err := claims.Hold(t.Context(), s.Databases.Orders, ledger)
		require.NoError(t, err)
		return report
	}
	all := hold(2, len(records[0]), len(records[1]))
	require.Zero(t, all.Lost)
	require.Positive(t, all.Forgotten)
	require.Zero(t, all.DifferencesCount)
	require.Equal(t, all.Forgotten, hold(9, len(records[0]), len(records[1])).Lost, "they were there when the state was made")
	require.Equal(t, all.Forgotten, hold(2, 0, 0).Lost, "they came after the restore")
}
